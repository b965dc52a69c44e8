-- A record's fields as a table and as Redis replied them; nil when there is no such record.
local function read_record(kind, id)
  local flat = redis.call('HGETALL', key.record(kind, id))
  if #flat == 0 then
    return nil, flat
  end
  local fields = {}
  for i = 1, #flat, 2 do
    fields[flat[i]] = flat[i + 1]
  end
  return fields, flat
end

-- One field, '' when it is not set.
local function field_of(kind, id, field)
  return redis.call('HGET', key.record(kind, id), field) or ''
end

local function exists(kind, id)
  return redis.call('EXISTS', key.record(kind, id)) == 1
end

local function cluster_is_active(cluster)
  return field_of('cluster', cluster, 'status') == 'ACTIVE'
end
