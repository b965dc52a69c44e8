-- Commits what a reconciler decided on a service, if the service, its state and its tasks are still those that it saw.
-- KEYS[1]  the partition's base
-- ARGV     service, expected specVersion, expected tasksVersion, expected stateVersion, state, status or '',
--          now (ms),
--          list of tasks expected to have no place,
--          number of groups of tasks to create, then per group: list of field, value …, list of ids,
--          number to stop, then per task: id, desired, observed if it is unplaced
-- Reply    OK | STALE | NOT_FOUND
-- include: arguments changes records tasks
local service, spec_version, tasks_version, state_version = argument(), argument(), argument(), argument()
local state, status, now = argument(), argument(), number_argument()
local service_key = key.record('service', service)

local current = redis.call('HMGET', service_key, 'version', 'state', 'status', 'specVersion', 'tasksVersion', 'stateVersion')
if not current[1] then
  return { 'NOT_FOUND' }
end
for i, expected in ipairs({ spec_version, tasks_version, state_version }) do
  if (current[3 + i] or '0') ~= expected then
    return { 'STALE' }
  end
end
for _, id in ipairs(list_argument()) do
  if field_of('task', id, 'instance') ~= '' then
    return { 'STALE' }
  end
end

create_tasks()
for _ = 1, number_argument() do
  local id, desired, observed_if_unplaced = argument(), argument(), argument()
  if stop_task(id, desired, observed_if_unplaced, now) == 'STOPPED' then
    hint_service(service)
  end
end

if current[2] ~= state then
  redis.call('HSET', service_key, 'state', state)
  redis.call('HINCRBY', service_key, 'stateVersion', 1)
  changed('service', service)
end
if status ~= '' and status ~= current[3] then
  redis.call('HSET', service_key, 'status', status)
  redis.call('HINCRBY', service_key, 'specVersion', 1)
  redis.call('HINCRBY', key.counts, 'services', -1)
  changed('service', service)
end
return written()
