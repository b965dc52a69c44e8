-- Creates tasks in an ACTIVE cluster, all or none. A client token used before gives back what it gave then (kept for 24 h).
-- KEYS[1]  the partition's base
-- ARGV     cluster, token or '', request hash, request id, number of groups of tasks alike, then per group:
--          list of field, value …, list of ids
-- Reply    OK | REPEATED, request id, task ids … | TOKEN_CONFLICT, request id, task ids … | CLUSTER_NOT_ACTIVE
-- include: arguments changes records tasks
local cluster, token, request_hash, request_id = argument(), argument(), argument(), argument()

if token ~= '' then
  local used = redis.call('LRANGE', key.token(token), 0, -1)
  if #used > 0 then
    used[1] = used[1] == request_hash and 'REPEATED' or 'TOKEN_CONFLICT'
    return used
  end
end
if not cluster_is_active(cluster) then
  return { 'CLUSTER_NOT_ACTIVE' }
end

if token ~= '' then
  redis.call('RPUSH', key.token(token), request_hash, request_id)
end
create_tasks(function(id)
  if token ~= '' then
    redis.call('RPUSH', key.token(token), id)
  end
end)
if token ~= '' then
  redis.call('PEXPIRE', key.token(token), limit.keptMs)
end
return written()
