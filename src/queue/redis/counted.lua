#!lua
-- Notes how far a partition was counted. It never goes back: ballots that are counted again, after a fork or into an older
-- database, were let in before and take no room.
local known = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '-1')
if tonumber(ARGV[2]) > known then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
