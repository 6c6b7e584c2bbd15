-- See items/redis/mod.rs for the keys, the arguments and the answer.
local names, bytes = KEYS[1], KEYS[2]
local total = tonumber(redis.call('GET', bytes) or '0')
local count = redis.call('ZCARD', names)
local most_bytes, most_keys = tonumber(ARGV[1]), tonumber(ARGV[2])
local outcomes, at = {}, 3
for i = 3, #KEYS do
  local key, name, op, value = KEYS[i], ARGV[at], ARGV[at + 1], ARGV[at + 2]
  at = at + 3
  local known = redis.call('ZSCORE', names, name)
  local old = known and #name + redis.call('STRLEN', key) or 0
  if op == 'set' then
    local new = total - old + #name + #value
    if not known and count + 1 > most_keys then
      outcomes[i - 2] = 'keys'
    elseif new > most_bytes and new > total then
      outcomes[i - 2] = 'bytes'
    else
      redis.call('SET', key, value)
      if not known then
        redis.call('ZADD', names, 0, name)
        count = count + 1
      end
      total = new
      outcomes[i - 2] = 'done'
    end
  else
    if known then
      redis.call('UNLINK', key)
      redis.call('ZREM', names, name)
      count, total = count - 1, total - old
    end
    outcomes[i - 2] = 'done'
  end
end
redis.call('SET', bytes, string.format('%.0f', total))
return outcomes
