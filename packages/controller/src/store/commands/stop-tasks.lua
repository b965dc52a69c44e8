-- Wants tasks STOPPED; those never placed have STOPPED by it. Who asks first gives the reason.
-- KEYS[1]  the partition's base
-- ARGV     now (ms), number of tasks, then per task: id, desired, observed if it is unplaced
-- Reply    OK …, per task: 1 found | 0 no such task
-- include: arguments changes records tasks
local now = number_argument()
local found = {}
for i = 1, number_argument() do
  local id, desired, observed_if_unplaced = argument(), argument(), argument()
  local outcome = stop_task(id, desired, observed_if_unplaced, now)
  found[i] = outcome and 1 or 0
  if outcome == 'STOPPING' or outcome == 'STOPPED' then
    hint_service(field_of('task', id, 'service'))
  end
end
return written(found)
