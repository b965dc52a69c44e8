-- What a command changed, published at its end: every touched record gets a new version and one entry
-- of the feed, every hint joins the dirty set.
local touched, touched_by_name = {}, {}
local hints, is_hinted = {}, {}

local function touch(kind, id, is_gone)
  local name = kind .. '/' .. id
  local entry = touched_by_name[name]
  if not entry then
    entry = { kind = kind, id = id }
    touched_by_name[name] = entry
    touched[#touched + 1] = entry
  end
  entry.is_gone = is_gone
end

local function changed(kind, id)
  touch(kind, id, false)
end

local function removed(kind, id)
  touch(kind, id, true)
end

local function hint(work)
  if not is_hinted[work] then
    is_hinted[work] = true
    hints[#hints + 1] = work
    redis.call('SADD', key.dirty, work)
  end
end

local function hint_placement()
  hint('placement')
end

local function hint_service(service)
  if service and service ~= '' then
    hint('service/' .. service)
  end
end

-- The reply of every command that wrote: 'OK', the feed's end, the hints, and what is particular to it.
local function written(...)
  local position
  if #touched == 0 then
    position = tonumber(redis.call('GET', key.feedEnd) or '0')
  else
    position = redis.call('INCRBY', key.feedEnd, #touched)
    for i, entry in ipairs(touched) do
      if not entry.is_gone then
        redis.call('HINCRBY', key.record(entry.kind, entry.id), 'version', 1)
      end
      local entry_id = string.format('%d-0', position - #touched + i)
      redis.call('XADD', key.feed, 'MAXLEN', '~', limit.feedLength, entry_id, entry.kind, entry.id)
    end
  end
  return { 'OK', position, hints, ... }
end
