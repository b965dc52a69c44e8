-- Every record that changed after a position of the feed, once, as it is now, and the position of now: one moment.
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

local reply, is_seen, seen = { 'CHANGES', position }, {}, 0
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
    local record_key = key.record(kind, id)
    if not is_seen[record_key] then
      is_seen[record_key] = true
      seen = seen + 1
      if seen > most then
        return { 'RESET' }
      end
      local fields = table.concat(redis.call('HGETALL', record_key), '\0')
      reply[#reply + 1] = kind .. '\0' .. id .. (fields == '' and '' or '\0' .. fields)
    end
  end
  at = at + #entries
end
return reply
