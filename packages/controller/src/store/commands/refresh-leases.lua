-- Gives each session a lease from when its agent was last heard of, if it is the current one of an instance that was
-- not judged lost: one that was must open a new session, which tells what it runs.
-- Remembers that the controller lives and how many sessions it holds, which are all of those named.
-- KEYS[1]  the partition's base
-- ARGV     lease (ms), controller, number of sessions, then per session: instance, session, ms since its agent was heard of
-- Reply    the instances that got no lease
-- include: arguments time
local now = redis_now()
local until_ms = now + number_argument()
local controller, sessions = argument(), number_argument()
if sessions > 0 then
  redis.call('HSET', key.leaseHolders, controller, string.format('%.0f %d', now, sessions))
else
  redis.call('HDEL', key.leaseHolders, controller)
end

local superseded = {}
for _ = 1, sessions do
  local instance, session, ago_ms = argument(), argument(), number_argument()
  local current = redis.call('HMGET', key.record('instance', instance), 'session', 'connected')
  if session ~= '' and current[1] == session and current[2] == '1' then
    redis.call('ZADD', key.leases, until_ms - ago_ms, instance)
  else
    superseded[#superseded + 1] = instance
  end
end
return superseded
