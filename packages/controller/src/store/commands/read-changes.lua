-- Every record that changed after a position of the feed, once, as it is now, and the position of now: one moment.
-- Of a task that was there at that position only what can change (limit.changingFields): whoever follows the feed has the rest.
-- A record has a version for each entry in the feed, so one with more versions than entries since then was there.
-- KEYS[1]  the partition's base
-- ARGV     position, at most this many records
-- Reply    CHANGES, position, then per record one string: kind, id, field, value … (no fields: it is gone), between them
--          NUL, which is in no value: JSON escapes it, and names and numbers have none. Decoding strings is what reading costs.
--          | RESET: the feed does not reach back that far, or has not come that far, or too much changed
-- include: arguments
local since, most = number_argument(), number_argument()
local position = tonumber(redis.call('GET', key.feedEnd) or '0')
if since > position then
  return { 'RESET' }
end

-- In the order of their first change, with the number of entries that each has.
local changed, entries_of = {}, {}
local batch = 1000
local at = since
while at < position do
  local from = string.format('%d-0', at + 1)
  local entries = redis.call('XRANGE', key.feed, from, '+', 'COUNT', batch)
  if #entries == 0 or entries[1][1] ~= from then
    return { 'RESET' }
  end
  for _, entry in ipairs(entries) do
    local kind, id = entry[2][1], entry[2][2]
    local name = kind .. '\0' .. id
    if not entries_of[name] then
      changed[#changed + 1] = { name = name, kind = kind, id = id }
      if #changed > most then
        return { 'RESET' }
      end
    end
    entries_of[name] = (entries_of[name] or 0) + 1
  end
  at = at + #entries
end

local function changing_fields(record_key, entries)
  local values = redis.call('HMGET', record_key, 'version', unpack(limit.changingFields))
  if (tonumber(values[1] or '') or 0) <= entries then
    return nil
  end
  local flat = { 'version', values[1] }
  for i, field in ipairs(limit.changingFields) do
    if values[i + 1] then
      flat[#flat + 1] = field
      flat[#flat + 1] = values[i + 1]
    end
  end
  return flat
end

local reply = { 'CHANGES', position }
for i, record in ipairs(changed) do
  local record_key = key.record(record.kind, record.id)
  local flat = record.kind == 'task' and changing_fields(record_key, entries_of[record.name])
    or redis.call('HGETALL', record_key)
  local fields = table.concat(flat, '\0')
  reply[i + 2] = record.name .. (fields == '' and '' or '\0' .. fields)
end
return reply
