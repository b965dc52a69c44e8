-- Takes one use of a join token and writes the enrolment of an instance with it, which gets the token's attributes. An
-- instance that is known already needs a token made for it: the holder of any other could pose as it. Asking again with
-- the same token and key is the same enrolment and takes nothing.
-- KEYS[1]  the partition's base
-- ARGV     cluster, instance, token, SHA-256 of the token's secret, SHA-256 of the public key, certificates
-- Reply    OK | CLUSTER_NOT_FOUND | UNKNOWN_TOKEN | TOKEN_EXPIRED | OTHER_INSTANCE | DEREGISTERED | ALREADY_ENROLLED | TOKEN_USED_UP
-- include: arguments changes records time
local cluster, instance, token = argument(), argument(), argument()
local secret_hash, key_hash, certificates = argument(), argument(), argument()
local token_key = key.record('join-token', token)

if not cluster_is_active(cluster) then
  return { 'CLUSTER_NOT_FOUND' }
end
local known_token = read_record('join-token', token)
if known_token == nil or known_token.secretHash ~= secret_hash then
  return { 'UNKNOWN_TOKEN' }
end
if tonumber(known_token.expiresAt) <= redis_now() then
  return { 'TOKEN_EXPIRED' }
end
local is_made_for_it = known_token.instance == instance
if (known_token.instance or '') ~= '' and not is_made_for_it then
  return { 'OTHER_INSTANCE' }
end
if field_of('instance', instance, 'status') == 'INACTIVE' then
  return { 'DEREGISTERED' }
end

local enrolment = read_record('enrolment', instance)
local is_repeated = enrolment ~= nil
  and (enrolment.revokedAt or '') == ''
  and enrolment.token == token
  and enrolment.keyHash == key_hash
local is_known = enrolment ~= nil or exists('instance', instance)
if is_known and not is_repeated and not is_made_for_it then
  return { 'ALREADY_ENROLLED' }
end
if not is_repeated then
  if tonumber(known_token.usesLeft) <= 0 then
    return { 'TOKEN_USED_UP' }
  end
  redis.call('HINCRBY', token_key, 'usesLeft', -1)
  changed('join-token', token)
end

local enrolment_key = key.record('enrolment', instance)
redis.call('HSET', enrolment_key,
  'token', token,
  'keyHash', key_hash,
  'attributes', known_token.attributes or '',
  'certificates', certificates)
if not is_repeated then
  redis.call('HSET', enrolment_key, 'enrolledAt', redis_now())
  redis.call('HDEL', enrolment_key, 'revokedAt')
end
redis.call('SADD', key.ids('enrolment'), instance)
changed('enrolment', instance)
return written()
