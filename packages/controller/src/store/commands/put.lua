-- Writes fields of one record if it is as expected, and keeps the indexes of its kind right. It never creates a task or an
-- instance (createTasks and openSession do), and makes a service active only in a cluster that is not INACTIVE:
-- CreateService may meet DeleteCluster, TagResource the removal of a task.
-- KEYS[1]  the partition's base
-- ARGV     kind, id, expectation, list of expected field, value …, list of set field, value …, list of fields to raise,
--          list of fields to unset, list of hints, the cluster of the partition
-- Reply    OK | REFUSED, fields of the record as it is
-- include: arguments changes records time expectation instances
local kind, id = argument(), argument()
local current, flat = read_record(kind, id)
local is_as_expected = expectation_holds(current)
local set, raise, unset, work = list_argument(), list_argument(), list_argument(), list_argument()
local cluster = argument()
local record_key = key.record(kind, id)

local function status_after()
  for i = 1, #set, 2 do
    if set[i] == 'status' then
      return set[i + 1]
    end
  end
  return current and current.status
end

local was_live = current ~= nil and current.status ~= 'INACTIVE'
local is_live = status_after() ~= 'INACTIVE'

local function is_allowed()
  if kind == 'task' or kind == 'instance' then
    return current ~= nil
  elseif kind == 'service' and is_live and not was_live then
    return field_of('cluster', cluster, 'status') ~= 'INACTIVE'
  end
  return true
end

if not is_as_expected or not is_allowed() then
  return { 'REFUSED', flat }
end

for _, field in ipairs(raise) do
  redis.call('HINCRBY', record_key, field, 1)
end
if #set > 0 then
  redis.call('HSET', record_key, unpack(set))
end
if #unset > 0 then
  redis.call('HDEL', record_key, unpack(unset))
end
redis.call('SADD', key.ids(kind), id)
changed(kind, id)

if kind == 'service' and is_live ~= was_live then
  redis.call('HINCRBY', key.counts, 'services', is_live and 1 or -1)
elseif kind == 'instance' and was_live and not is_live then
  deactivate_instance(id, redis_now())
elseif kind == 'instance' and is_live and not was_live then
  redis.call('HINCRBY', key.counts, 'instances', 1)
  redis.call('ZREM', key.inactiveInstances, id)
end

for _, one in ipairs(work) do
  hint(one)
end
return written()
