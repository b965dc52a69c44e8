-- Gives each session a lease from when its agent was last heard of, if it is the current one of an instance that was
-- not judged lost: one that was must open a new session, which tells what it runs.
-- KEYS[1]  the partition's base
-- ARGV     lease (ms), number of sessions, then per session: instance, session, ms since its agent was heard of
-- Reply    the instances that got no lease
-- include: arguments time
local until_ms = redis_now() + number_argument()
local superseded = {}
for _ = 1, number_argument() do
  local instance, session, ago_ms = argument(), argument(), number_argument()
  local current = redis.call('HMGET', key.record('instance', instance), 'session', 'connected')
  if session ~= '' and current[1] == session and current[2] == '1' then
    redis.call('ZADD', key.leases, until_ms - ago_ms, instance)
  else
    superseded[#superseded + 1] = instance
  end
end
return superseded
