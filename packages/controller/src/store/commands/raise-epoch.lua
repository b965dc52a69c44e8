-- Raises the epoch of a store that was restored, which has an identity: above what it was, and above what any copy of it was raised to
-- before. For that it is a time, in seconds: a counter in an old backup knows nothing of the restores since.
-- KEYS[1]  the global partition's base
-- ARGV     none
-- Reply    id, epoch, schema version
-- include: time
local epoch = tonumber(redis.call('HGET', key.identity, 'epoch'))
redis.call('HSET', key.identity, 'epoch', math.max(epoch + 1, math.floor(redis_now() / 1000)))
return redis.call('HMGET', key.identity, 'id', 'epoch', 'schemaVersion')
