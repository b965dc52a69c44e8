-- Makes a session the only one that may write for an instance, creating the instance if it may; marks it connected and
-- gives it a lease. What it has in all may have changed: what is free changes by the difference, below nothing if need
-- be. Bound tasks, status, tags and custom attributes stay.
-- KEYS[1]  the partition's base
-- ARGV     cluster, instance, session, doc, cpu, memory, ports (all it has; ports: the reserved ones), 1 to create it, lease (ms)
-- Reply    OK | CLUSTER_NOT_FOUND | UNKNOWN_INSTANCE
-- include: arguments changes records time ports instances
local cluster, instance, session, doc = argument(), argument(), argument(), argument()
local cpu, memory, reserved_ports = number_argument(), number_argument(), argument()
local may_create, lease_ms = argument() == '1', number_argument()
local instance_key = key.record('instance', instance)

if not cluster_is_active(cluster) then
  return { 'CLUSTER_NOT_FOUND' }
end
local known = read_record('instance', instance)
if (known == nil and not may_create) or (known and known.status == 'INACTIVE') then
  return { 'UNKNOWN_INSTANCE' }
end

local function taken_ports()
  local ids = redis.call('HKEYS', key.instanceTasks(instance))
  table.sort(ids)
  local ports = reserved_ports
  for _, id in ipairs(ids) do
    ports = with_ports(ports, field_of('task', id, 'ports'))
  end
  return ports
end

if known == nil then
  redis.call('SADD', key.ids('instance'), instance)
  redis.call('HINCRBY', key.counts, 'instances', 1)
  redis.call('HSET', instance_key, 'status', 'ACTIVE', 'cpu', cpu, 'memory', memory, 'ports', reserved_ports)
else
  redis.call('HSET', instance_key,
    'cpu', (tonumber(known.cpu) or 0) + cpu - (tonumber(known.totalCpu) or 0),
    'memory', (tonumber(known.memory) or 0) + memory - (tonumber(known.totalMemory) or 0))
  if known.reservedPorts ~= reserved_ports then
    redis.call('HSET', instance_key, 'ports', taken_ports())
  end
  redis.call('HDEL', instance_key, 'disconnectedAt')
end
redis.call('HSET', instance_key, 'doc', doc, 'session', session, 'connected', 1,
  'totalCpu', cpu, 'totalMemory', memory, 'reservedPorts', reserved_ports)
redis.call('ZADD', key.leases, redis_now() + lease_ms, instance)
changed('instance', instance)

hint_placement()
if known and known.connected ~= '1' then
  hint_services_on(instance)
end
return written()
