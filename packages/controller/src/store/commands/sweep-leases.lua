-- Judges instances lost whose lease ended, at most limit.lostPerSweep at once. A sweep whose predecessor is older than two periods
-- judges nobody: Redis, the controllers or the machine stood still, and every agent first gets the time to come back: a quarter of a
-- lease until its next heartbeat, half of one until it counts as unanswered, and 1 s for every 250 of them; a lease at least.
-- So do the agents of one controller among several that is gone.
-- KEYS[1]  the partition's base
-- ARGV     lease (ms), period (ms), ms without a refresh of leases after which a controller is gone
-- Reply    OK …, the instances lost, ms for which nobody is judged yet
-- include: arguments changes records time instances
local lease_ms, period_ms, holder_silence_ms = number_argument(), number_argument(), number_argument()
local now = redis_now()

local function return_ms(agents)
  return math.ceil(lease_ms * 3 / 4) + agents * 1000 / limit.returnsPerSecond
end

local instances = tonumber(redis.call('HGET', key.counts, 'instances') or '0')
local time_to_return = math.max(lease_ms, return_ms(instances))
local last = redis.call('HMGET', key.leaseSweep, 'tick', 'judgeFrom')
local tick, judge_from = tonumber(last[1] or ''), tonumber(last[2] or '') or 0
if tick == nil or now - tick > 2 * period_ms then
  judge_from = now + time_to_return
end
local holders = redis.call('HGETALL', key.leaseHolders)
for i = 1, #holders, 2 do
  local at, sessions = string.match(holders[i + 1], '^(%d+) (%d+)$')
  if now - tonumber(at) > holder_silence_ms then
    judge_from = math.max(judge_from, now + return_ms(tonumber(sessions)))
    redis.call('HDEL', key.leaseHolders, holders[i])
  end
end
-- However Redis's clock was set back meanwhile, the pause is no longer than it is meant to be.
judge_from = math.min(judge_from, now + time_to_return)
redis.call('HSET', key.leaseSweep, 'tick', now, 'judgeFrom', judge_from)

local function judge_lost(instance)
  redis.call('ZREM', key.leases, instance)
  if not exists('instance', instance) then
    return false
  end
  redis.call('HSET', key.record('instance', instance), 'connected', 0, 'disconnectedAt', now)
  changed('instance', instance)
  hint_placement()
  hint_services_on(instance)
  return true
end

local lost = {}
if judge_from <= now then
  for _, instance in ipairs(redis.call('ZRANGEBYSCORE', key.leases, '-inf', now, 'LIMIT', 0, limit.lostPerSweep)) do
    if judge_lost(instance) then
      lost[#lost + 1] = instance
    end
  end
end
return written(lost, math.max(0, judge_from - now))
