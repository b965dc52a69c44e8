-- Writes what agents observed of their tasks, session by session; a session's reports are refused as a whole when it is not its
-- instance's current one. A task's status only moves forward. The first STOPPED gives its resources back. A service looks
-- again when a task of it has a new status or another health; other news of a task changes nothing for it.
-- KEYS[1]  the partition's base
-- ARGV     now (ms), number of sessions, then per session: instance, session, number of reports, then per report:
--          task, lastStatus, rank, health, observed
-- Reply    OK …, per session: SUPERSEDED | per report: WRITTEN | BACKWARD | UNKNOWN_TASK
-- include: arguments changes records tasks
local now = number_argument()

local function report(instance, id, last_status, rank, health, observed)
  local task = redis.call('HMGET', key.record('task', id), 'instance', 'rank', 'observed', 'service', 'health')
  if task[1] ~= instance then
    return 'UNKNOWN_TASK'
  end
  local known_rank = tonumber(task[2]) or 0
  if rank < known_rank then
    return 'BACKWARD'
  end
  local is_further, is_other_health = rank > known_rank, health ~= (task[5] or '')
  if is_further or is_other_health or observed ~= task[3] then
    redis.call('HSET', key.record('task', id),
      'observed', observed, 'lastStatus', last_status, 'rank', rank, 'health', health)
    changed('task', id)
  end
  if is_further and last_status == 'STOPPED' then
    end_task(id, instance, observed, now)
  end
  if is_further or is_other_health then
    hint_service(task[4])
  end
  return 'WRITTEN'
end

local function report_all(instance, is_current)
  local outcomes = {}
  for i = 1, number_argument() do
    local id, last_status, rank, health, observed = argument(), argument(), number_argument(), argument(), argument()
    outcomes[i] = is_current and report(instance, id, last_status, rank, health, observed) or nil
  end
  return is_current and outcomes or 'SUPERSEDED'
end

local answers = {}
for i = 1, number_argument() do
  local instance, session = argument(), argument()
  local is_current = session ~= '' and field_of('instance', instance, 'session') == session
  answers[i] = report_all(instance, is_current)
end
return written(answers)
