-- Marks a cluster INACTIVE unless it holds what DeleteCluster refuses: instances and services that are not INACTIVE,
-- tasks that have not STOPPED. One that is INACTIVE stays so.
-- KEYS[1]  the partition's base
-- ARGV     cluster
-- Reply    OK | NOT_FOUND | INSTANCES | SERVICES | TASKS
-- include: arguments changes records
local cluster = argument()
local function holds(what)
  return tonumber(redis.call('HGET', key.counts, what) or '0') > 0
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
return written()
