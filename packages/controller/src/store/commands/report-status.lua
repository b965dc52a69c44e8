-- Writes what an agent observed of its tasks; refused as a whole when the session is not the instance's current one.
-- A task's status only moves forward. The first STOPPED gives its resources back.
-- KEYS[1]  the partition's base
-- ARGV     instance, session, now (ms), number of reports, then per report: task, lastStatus, rank, observed
-- Reply    OK …, per report: WRITTEN | BACKWARD | UNKNOWN_TASK
--          | SUPERSEDED
-- include: arguments changes records tasks
local instance, session, now = argument(), argument(), number_argument()
if session == '' or field_of('instance', instance, 'session') ~= session then
  return { 'SUPERSEDED' }
end

local function report(id, last_status, rank, observed)
  local task = redis.call('HMGET', key.record('task', id), 'instance', 'rank', 'observed', 'service')
  if task[1] ~= instance then
    return 'UNKNOWN_TASK'
  end
  local known_rank = tonumber(task[2]) or 0
  if rank < known_rank then
    return 'BACKWARD'
  end
  if rank == known_rank then
    if observed ~= task[3] then
      redis.call('HSET', key.record('task', id), 'observed', observed)
      changed('task', id)
    end
    return 'WRITTEN'
  end
  if last_status == 'STOPPED' then
    end_task(id, instance, observed, now)
  else
    redis.call('HSET', key.record('task', id), 'observed', observed, 'lastStatus', last_status, 'rank', rank)
    changed('task', id)
  end
  hint_service(task[4])
  return 'WRITTEN'
end

local outcomes = {}
for i = 1, number_argument() do
  local id, last_status, rank, observed = argument(), argument(), number_argument(), argument()
  outcomes[i] = report(id, last_status, rank, observed)
end
return written(outcomes)
