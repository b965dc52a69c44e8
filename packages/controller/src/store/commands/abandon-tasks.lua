-- Writes STOPPED without the agent's word to tasks of an instance that was deregistered or not seen for long, and with it
-- the instance's INACTIVE: then every task bound to it must be named or STOPPED, or nothing is written.
-- KEYS[1]  the partition's base
-- ARGV     instance, new status of the instance or '', now (ms), number of tasks, then per task: id, observed
-- Reply    OK | TASKS_LEFT | UNKNOWN_INSTANCE
-- include: arguments changes records tasks instances
local instance, status, now = argument(), argument(), number_argument()
if not exists('instance', instance) then
  return { 'UNKNOWN_INSTANCE' }
end

local named, observed = {}, {}
for i = 1, number_argument() do
  named[i] = argument()
  observed[named[i]] = argument()
end
if status ~= '' then
  for _, id in ipairs(redis.call('HKEYS', key.instanceTasks(instance))) do
    if not observed[id] then
      return { 'TASKS_LEFT' }
    end
  end
end

for _, id in ipairs(named) do
  local task = redis.call('HMGET', key.record('task', id), 'instance', 'lastStatus', 'service')
  if task[1] == instance and task[2] ~= 'STOPPED' then
    end_task(id, instance, observed[id], now)
    hint_service(task[3])
  end
end
if status ~= '' and field_of('instance', instance, 'status') ~= 'INACTIVE' then
  deactivate_instance(instance, now)
end
return written()
