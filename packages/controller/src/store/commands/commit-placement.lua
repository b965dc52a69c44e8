-- Binds tasks to instances, each on its own: refused where the task or the instance is no longer what the scheduler saw.
-- Two controllers may place at once; what is free is counted here, so that nothing is promised twice.
-- KEYS[1]  the partition's base
-- ARGV     now (ms), number of bindings, then per binding: task, instance,
--          number of withdrawals, then per withdrawal: task, request id, refusal,
--          number of refusals of services, then per refusal: service, refusal
-- Reply    OK …, per binding: '' or why it was refused, per withdrawal: 1 withdrawn | 0 bound, STOPPED or gone
-- include: arguments changes records ports tasks
local now = argument()
local instances = {}

local function instance_named(id)
  if instances[id] == nil then
    local it = redis.call('HMGET', key.record('instance', id), 'version', 'status', 'connected', 'cpu', 'memory', 'ports')
    instances[id] = it[1]
        and {
          status = it[2],
          is_connected = it[3] == '1',
          cpu = tonumber(it[4]) or 0,
          memory = tonumber(it[5]) or 0,
          ports = it[6] or '',
          is_taken_from = false,
        }
      or false
  end
  return instances[id]
end

local function refusal_of(task, instance, cpu, memory, ports)
  if not task[1] then
    return 'TASK_GONE'
  elseif (task[2] or '') ~= '' then
    return 'TASK_BOUND'
  elseif task[3] ~= 'RUNNING' or task[4] == 'STOPPED' then
    return 'TASK_STOPPING'
  elseif not instance then
    return 'INSTANCE_GONE'
  elseif instance.status ~= 'ACTIVE' then
    return 'INSTANCE_NOT_ACTIVE'
  elseif not instance.is_connected then
    return 'AGENT'
  elseif cpu > instance.cpu then
    return 'RESOURCE:CPU'
  elseif memory > instance.memory then
    return 'RESOURCE:MEMORY'
  elseif share_a_port(instance.ports, ports) then
    return 'RESOURCE:PORTS'
  end
  return ''
end

local function bind(task_id, instance_id)
  local task = redis.call('HMGET', key.record('task', task_id),
    'version', 'instance', 'desiredStatus', 'lastStatus', 'service', 'cpu', 'memory', 'ports')
  local cpu, memory, ports = tonumber(task[6]) or 0, tonumber(task[7]) or 0, task[8] or ''
  local instance = instance_named(instance_id)
  local refusal = refusal_of(task, instance, cpu, memory, ports)
  if refusal ~= '' then
    return refusal
  end
  instance.cpu = instance.cpu - cpu
  instance.memory = instance.memory - memory
  instance.ports = with_ports(instance.ports, ports)
  instance.is_taken_from = true
  redis.call('HSET', key.record('task', task_id), 'instance', instance_id, 'placedAt', now)
  redis.call('HSET', key.instanceTasks(instance_id), task_id, task[5] or '')
  changed('task', task_id)
  changed('instance', instance_id)
  return ''
end

local function withdraw(task_id, request_id, refusal)
  local task = redis.call('HMGET', key.record('task', task_id), 'version', 'instance', 'lastStatus')
  if not task[1] or (task[2] or '') ~= '' or task[3] == 'STOPPED' then
    return 0
  end
  forget_task(task_id)
  redis.call('RPUSH', key.refusals(request_id), refusal)
  redis.call('PEXPIRE', key.refusals(request_id), limit.keptMs)
  return 1
end

local refused, withdrawn = {}, {}
for i = 1, number_argument() do
  local task_id, instance_id = argument(), argument()
  refused[i] = bind(task_id, instance_id)
end
for id, instance in pairs(instances) do
  if instance and instance.is_taken_from then
    redis.call('HSET', key.record('instance', id),
      'cpu', instance.cpu, 'memory', instance.memory, 'ports', instance.ports)
  end
end
for i = 1, number_argument() do
  local task_id, request_id, refusal = argument(), argument(), argument()
  withdrawn[i] = withdraw(task_id, request_id, refusal)
end
for _ = 1, number_argument() do
  local service, refusal = argument(), argument()
  if exists('service', service) and field_of('service', service, 'refusal') ~= refusal then
    redis.call('HSET', key.record('service', service), 'refusal', refusal)
    changed('service', service)
    hint_service(service)
  end
end
return written(refused, withdrawn)
