-- Removes one record if it is as expected, with all that the indexes of its kind hold of it. An instance stays while tasks
-- on it have not STOPPED.
-- KEYS[1]  the partition's base
-- ARGV     kind, id, expectation, list of expected field, value …
-- Reply    OK | REFUSED, fields of the record as it is
-- include: arguments changes records expectation tasks instances
local kind, id = argument(), argument()
local current, flat = read_record(kind, id)
local has_tasks = kind == 'instance' and redis.call('HLEN', key.instanceTasks(id)) > 0
if not expectation_holds(current) or has_tasks then
  return { 'REFUSED', flat }
end
if current == nil then
  return written()
end

if kind == 'task' then
  forget_task(id)
elseif kind == 'instance' then
  forget_instance(id)
else
  if kind == 'service' and current.status ~= 'INACTIVE' then
    redis.call('HINCRBY', key.counts, 'services', -1)
  end
  redis.call('DEL', key.record(kind, id))
  redis.call('SREM', key.ids(kind), id)
  removed(kind, id)
end
return written()
