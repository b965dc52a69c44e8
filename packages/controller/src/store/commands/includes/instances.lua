-- include: changes records

-- Ends what a deregistered instance had: its lease, the right of its session to write, and what its certificates are good for.
local function deactivate_instance(instance, now)
  redis.call('HSET', key.record('instance', instance),
    'status', 'INACTIVE', 'session', '', 'connected', 0, 'disconnectedAt', now)
  redis.call('ZREM', key.leases, instance)
  redis.call('ZADD', key.inactiveInstances, now, instance)
  redis.call('HINCRBY', key.counts, 'instances', -1)
  changed('instance', instance)
  if exists('enrolment', instance) then
    redis.call('HSET', key.record('enrolment', instance), 'revokedAt', now)
    changed('enrolment', instance)
  end
end

-- Removes an instance and all that the indexes hold of it.
local function forget_instance(instance)
  if field_of('instance', instance, 'status') ~= 'INACTIVE' then
    redis.call('HINCRBY', key.counts, 'instances', -1)
  end
  redis.call('DEL', key.record('instance', instance), key.instanceTasks(instance))
  redis.call('SREM', key.ids('instance'), instance)
  redis.call('ZREM', key.leases, instance)
  redis.call('ZREM', key.inactiveInstances, instance)
  removed('instance', instance)
  if exists('enrolment', instance) then
    redis.call('DEL', key.record('enrolment', instance))
    redis.call('SREM', key.ids('enrolment'), instance)
    removed('enrolment', instance)
  end
end

-- The services of the tasks on it that have not STOPPED look again.
local function hint_services_on(instance)
  for _, service in ipairs(redis.call('HVALS', key.instanceTasks(instance))) do
    hint_service(service)
  end
end
