-- Makes the store's identity if it has none.
-- KEYS[1]  the global partition's base
-- ARGV     id, schema version
-- Reply    id, epoch, schema version
-- include: arguments
local id, schema_version = argument(), argument()
if redis.call('EXISTS', key.identity) == 0 then
  redis.call('HSET', key.identity, 'id', id, 'epoch', 1, 'schemaVersion', schema_version)
end
return redis.call('HMGET', key.identity, 'id', 'epoch', 'schemaVersion')
