-- include: arguments changes records ports

local is_raised = {}

-- Once a command: the service's tasks are not those any more that a reconciler decided on.
local function tasks_of_service_changed(service)
  if service == '' or is_raised[service] or not exists('service', service) then
    return
  end
  is_raised[service] = true
  redis.call('HINCRBY', key.record('service', service), 'tasksVersion', 1)
  changed('service', service)
end

-- A task whose id is taken stays as it is: creating twice creates once.
local function create_task(id, fields)
  if redis.call('SADD', key.ids('task'), id) == 0 then
    return
  end
  redis.call('HSET', key.record('task', id), unpack(fields))
  redis.call('HINCRBY', key.counts, 'tasks', 1)
  changed('task', id)
  hint_placement()
  tasks_of_service_changed(field_of('task', id, 'service'))
end

-- Reads new tasks and creates them: a number of groups, then per group a list of field, value … and a list of ids.
-- `created` is told the id of each.
local function create_tasks(created)
  for _ = 1, number_argument() do
    local fields, ids = list_argument(), list_argument()
    for _, id in ipairs(ids) do
      create_task(id, fields)
      if created then
        created(id)
      end
    end
  end
end

-- Gives back what the task took of its instance.
local function release(id, instance)
  redis.call('HDEL', key.instanceTasks(instance), id)
  local taken = redis.call('HMGET', key.record('task', id), 'cpu', 'memory', 'ports')
  local left = redis.call('HMGET', key.record('instance', instance), 'cpu', 'memory', 'ports', 'reservedPorts')
  if not left[1] then
    return
  end
  redis.call('HSET', key.record('instance', instance),
    'cpu', (tonumber(left[1]) or 0) + (tonumber(taken[1]) or 0),
    'memory', (tonumber(left[2]) or 0) + (tonumber(taken[2]) or 0),
    'ports', without_ports(left[3] or '', taken[3] or '', left[4] or ''))
  changed('instance', instance)
  hint_placement()
end

-- Writes the end of a task that had not STOPPED, bound to `instance` or to none ('').
local function end_task(id, instance, observed, now)
  redis.call('HSET', key.record('task', id), 'observed', observed, 'lastStatus', 'STOPPED', 'rank', 7)
  redis.call('HINCRBY', key.counts, 'tasks', -1)
  redis.call('ZADD', key.stoppedTasks, now, id)
  changed('task', id)
  if instance ~= '' then
    release(id, instance)
  end
end

-- Asks for a task to stop; the first to ask gives the reason. One that was never placed ends at once.
-- nil: no such task; UNCHANGED: it stops already; STOPPING; STOPPED: it ended here.
local function stop_task(id, desired, observed_if_unplaced, now)
  local task = redis.call('HMGET', key.record('task', id), 'desiredStatus', 'lastStatus', 'instance', 'service')
  if not task[1] then
    return nil
  elseif task[1] == 'STOPPED' or task[2] == 'STOPPED' then
    return 'UNCHANGED'
  end
  redis.call('HSET', key.record('task', id), 'desired', desired, 'desiredStatus', 'STOPPED')
  changed('task', id)
  tasks_of_service_changed(task[4] or '')
  if (task[3] or '') ~= '' then
    return 'STOPPING'
  end
  end_task(id, '', observed_if_unplaced, now)
  return 'STOPPED'
end

-- Removes a task and all that the indexes hold of it.
local function forget_task(id)
  local task = redis.call('HMGET', key.record('task', id), 'lastStatus', 'instance')
  if task[1] ~= 'STOPPED' then
    redis.call('HINCRBY', key.counts, 'tasks', -1)
    if (task[2] or '') ~= '' then
      release(id, task[2])
    end
  end
  redis.call('DEL', key.record('task', id))
  redis.call('SREM', key.ids('task'), id)
  redis.call('ZREM', key.stoppedTasks, id)
  removed('task', id)
end
