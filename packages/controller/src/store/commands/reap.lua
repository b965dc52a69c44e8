-- Removes tasks that STOPPED, and instances that became INACTIVE, before a moment; the oldest first.
-- KEYS[1]  the partition's base
-- ARGV     before (ms), at most this many of each
-- Reply    OK …, task ids, instance ids
-- include: arguments changes tasks instances
local before, most = argument(), argument()
local function older(index)
  return redis.call('ZRANGEBYSCORE', index, '-inf', '(' .. before, 'LIMIT', 0, most)
end

local tasks, instances = older(key.stoppedTasks), older(key.inactiveInstances)
for _, id in ipairs(tasks) do
  forget_task(id)
end
for _, id in ipairs(instances) do
  forget_instance(id)
end
return written(tasks, instances)
