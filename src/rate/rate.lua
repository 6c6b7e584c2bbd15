#!lua
-- Everything that is done to one window, as one step. The key, the arguments and the answer are described in redis.rs.

local key, what, most, window = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local function time_at(place)
  return tonumber(redis.call('LINDEX', key, place))
end

local seconds, micros = unpack(redis.call('TIME'))
local now = seconds * 1000000 + micros
local newest = time_at(0)
if newest and newest > now + window then
  -- The clock was set back by more than a window: without this, they would count until it has caught up.
  redis.call('DEL', key)
elseif newest then
  -- Set back by less: the list stays in order.
  now = math.max(now, newest)
end

local oldest = time_at(-1)
while oldest and oldest <= now - window do
  redis.call('RPOP', key)
  oldest = time_at(-1)
end
if what == 'give_back' then
  redis.call('LPOP', key)
end

local count = redis.call('LLEN', key)
local allowed = count < most
if allowed and what == 'take' then
  redis.call('LPUSH', key, string.format('%.0f', now))
  redis.call('PEXPIRE', key, math.ceil(window / 1000))
  count = count + 1
end
-- Where one is too many, it is the newest but so many that has to leave first.
local first = time_at(allowed and -1 or most - 1)
return { allowed and 1 or 0, count, first and first + window - now or 0 }
