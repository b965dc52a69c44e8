-- Gives a task definition the next revision of its family: counted up here, never used twice.
-- KEYS[1]  the global partition's base
-- ARGV     family, list of field, value …
-- Reply    OK …, the revision
-- include: arguments changes
local family, fields = argument(), list_argument()
local revision = redis.call('HINCRBY', key.revisions, family, 1)
local id = string.format('%s:%d', family, revision)
redis.call('HSET', key.record('task-definition', id), unpack(fields))
redis.call('SADD', key.ids('task-definition'), id)
changed('task-definition', id)
return written(revision)
