-- Marks a cluster INACTIVE unless it holds what DeleteCluster refuses: instances and services that are not INACTIVE,
-- tasks that have not STOPPED. One that is INACTIVE stays so. Its join tokens, and the enrolments of instances that never connected, go
-- with it: a cluster that is created under the same name is another. Those of deregistered instances are revoked, and go with these.
-- KEYS[1]  the partition's base
-- ARGV     cluster
-- Reply    OK | NOT_FOUND | INSTANCES | SERVICES | TASKS
-- include: arguments changes records
local cluster = argument()
local function holds(what)
  return tonumber(redis.call('HGET', key.counts, what) or '0') > 0
end

local function remove_all(kind, is_kept)
  local ids = redis.call('SMEMBERS', key.ids(kind))
  table.sort(ids)
  for _, id in ipairs(ids) do
    if not is_kept(id) then
      redis.call('DEL', key.record(kind, id))
      redis.call('SREM', key.ids(kind), id)
      removed(kind, id)
    end
  end
end

if not exists('cluster', cluster) then
  return { 'NOT_FOUND' }
end
if cluster_is_active(cluster) then
  if holds('instances') then
    return { 'INSTANCES' }
  elseif holds('services') then
    return { 'SERVICES' }
  elseif holds('tasks') then
    return { 'TASKS' }
  end
  redis.call('HSET', key.record('cluster', cluster), 'status', 'INACTIVE')
  changed('cluster', cluster)
end
remove_all('join-token', function() return false end)
remove_all('enrolment', function(instance) return exists('instance', instance) end)
return written()
