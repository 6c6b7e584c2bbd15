-- See items/redis/mod.rs for the keys, the arguments and the answer.
local names, bytes = KEYS[1], KEYS[2]
local most_bytes, most_keys, kinds = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local SET = ('s'):byte()
local changes = #kinds
local count, total = redis.call('ZCARD', names), tonumber(redis.call('GET', bytes) or '0')
local known = redis.call('ZMSCORE', names, unpack(ARGV, 4, 3 + changes))

-- Each change in its turn. For each item, at the place of its first change: what it weighs, key and value, before the batch
-- and now, false where there is none; and the place of the last change that was let through.
local place, before, now, last, outcomes = {}, {}, {}, {}, {}
for i = 1, changes do
  local name, value = ARGV[3 + i], ARGV[3 + changes + i]
  local at = place[name]
  before[i], now[i], last[i] = false, false, false
  if not at then
    at, place[name] = i, i
    if known[i] then
      before[i] = #name + redis.call('STRLEN', KEYS[2 + i])
      now[i] = before[i]
    end
  end
  local old, new = now[at], kinds:byte(i) == SET and #name + #value
  local new_total = total - (old or 0) + (new or 0)
  if new and not old and count + 1 > most_keys then
    outcomes[i] = 'k'
  elseif new and new_total > most_bytes and new_total > total then
    outcomes[i] = 'b'
  else
    count = count + (new and 1 or 0) - (old and 1 or 0)
    total, now[at], last[at], outcomes[i] = new_total, new, i, 'd'
  end
end

-- What comes of them, all at once: a call for each would take most of the time.
local set, sets, add, adds, unlink, remove, gone = {}, 0, {}, 0, {}, {}, 0
for at = 1, changes do
  local i = last[at]
  if i and now[at] then
    set[sets + 1], set[sets + 2] = KEYS[2 + i], ARGV[3 + changes + i]
    sets = sets + 2
    if not before[at] then
      add[adds + 1], add[adds + 2] = 0, ARGV[3 + i]
      adds = adds + 2
    end
  elseif i and before[at] then
    gone = gone + 1
    unlink[gone], remove[gone] = KEYS[2 + i], ARGV[3 + i]
  end
end
-- First what a server without memory refuses; whatever follows a write it lets through. That it refused is told as that
-- nothing happened.
if sets > 0 then redis.call('MSET', unpack(set)) end
if adds > 0 then redis.call('ZADD', names, unpack(add)) end
if gone > 0 then
  redis.call('UNLINK', unpack(unlink))
  redis.call('ZREM', names, unpack(remove))
end
-- In any case: only a main takes a write, and WAIT is for what a write of this connection has found.
redis.call('SET', bytes, string.format('%.0f', total))
return table.concat(outcomes)
