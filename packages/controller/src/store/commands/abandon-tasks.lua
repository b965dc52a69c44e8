-- Writes STOPPED without the agent's word to tasks of an instance. Either it is deregistered, and becomes INACTIVE with it: then
-- every task bound to it must be named or STOPPED, or nothing is written. Or it has not been seen for long, by the clock that
-- its disconnection was written by: one that is back, or was cut off since, keeps its tasks.
-- KEYS[1]  the partition's base
-- ARGV     instance, INACTIVE or '', else ms for which it must have been away, now (ms), number of tasks, then per task: id, observed
-- Reply    OK | TASKS_LEFT | NOT_AWAY | UNKNOWN_INSTANCE
-- include: arguments changes records tasks instances time
local instance, status, away_ms, now = argument(), argument(), number_argument(), number_argument()
if not exists('instance', instance) then
  return { 'UNKNOWN_INSTANCE' }
end

local function is_away()
  local disconnected_at = tonumber(field_of('instance', instance, 'disconnectedAt'))
  local is_connected = field_of('instance', instance, 'connected') == '1'
  return not is_connected and disconnected_at ~= nil and redis_now() - disconnected_at >= away_ms
end

if status == '' and not is_away() then
  return { 'NOT_AWAY' }
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
