#!lua
-- One atomic step: it compares what the caller took for true, and only where all of it holds, writes. The rules are the
-- caller's; the arguments and answers are described in mod.rs. Everything that can fail comes before the first write.

local read_arguments = 0
local function take()
  read_arguments = read_arguments + 1
  return ARGV[read_arguments]
end

local function whole(number)
  return string.format('%.0f', number)
end

local GATES, ENDS, COUNTED, CHOICES = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local STEP = 1000 -- what unpack may put on the stack at a time
local NO_ATTEMPT = string.rep('\0', 4)

-- Gates: as the caller knows them?
local polls, wanted, unchanged = {}, {}, true
local expected = {}
for i = 1, tonumber(take()) do
  polls[i], expected[i], wanted[i] = take(), take(), take()
end
local found = {}
for from = 1, #polls, STEP do
  local part = redis.call('HMGET', GATES, unpack(polls, from, math.min(from + STEP - 1, #polls)))
  for i, gate in ipairs(part) do
    found[from + i - 1] = gate or ''
    unchanged = unchanged and found[from + i - 1] == expected[from + i - 1]
  end
end
if not unchanged then
  return { 'gates', found }
end

-- First choices: does anybody choose otherwise than before, or by another attempt?
local groups, conflicts = {}, {}
for c = 1, tonumber(take()) do
  local group = { key = KEYS[4 + c], name = take(), fresh = {} }
  local voters, choices, attempts = take(), take(), take()
  for from = 1, #choices, STEP do
    local fields = {}
    for i = from, math.min(from + STEP - 1, #choices) do
      fields[#fields + 1] = string.sub(voters, 16 * i - 15, 16 * i)
    end
    for i, known in ipairs(redis.call('HMGET', group.key, unpack(fields))) do
      local place = from + i - 1
      local first, attempt = string.sub(choices, place, place), string.sub(attempts, 4 * place - 3, 4 * place)
      if attempt ~= NO_ATTEMPT then
        first = first .. attempt
      end
      if not known then
        table.insert(group.fresh, fields[i])
        table.insert(group.fresh, first)
      elseif known ~= first then
        table.insert(conflicts, { c, place, known })
      end
    end
  end
  groups[c] = group
end
if #conflicts > 0 then
  return { 'choices', conflicts }
end

-- Entries: where do they go, and is there room?
local most = tonumber(take())
local entries, full = {}, {}
for e = 1, tonumber(take()) do
  local entry = { log = KEYS[4 + #groups + e], partition = take(), ballots = take(), print = take(), body = take() }
  local last, position = string.match(redis.call('HGET', ENDS, entry.partition) or '0 0 0', '^(%d+) (%d+) ')
  entry.id, entry.first = tonumber(last) + 1, tonumber(position)
  local counted = tonumber(redis.call('HGET', COUNTED, entry.partition) or '0')
  if tonumber(entry.ballots) > 0 and entry.first + tonumber(entry.ballots) - counted > most then
    full[#full + 1] = entry.partition
  end
  entries[e] = entry
end
if #full > 0 then
  return { 'full', full }
end

-- All of it holds.
for _, entry in ipairs(entries) do
  redis.call('XADD', entry.log, whole(entry.id) .. '-0', 'first', whole(entry.first), 'ballots', entry.ballots,
    'print', entry.print, 'body', entry.body)
  redis.call('HSET', ENDS, entry.partition,
    whole(entry.id) .. ' ' .. whole(entry.first + tonumber(entry.ballots)) .. ' ' .. entry.print)
end
for i, gate in ipairs(wanted) do
  if gate ~= '' then
    redis.call('HSET', GATES, polls[i], gate)
  end
end
for _, group in ipairs(groups) do
  for from = 1, #group.fresh, STEP do
    redis.call('HSET', group.key, unpack(group.fresh, from, math.min(from + STEP - 1, #group.fresh)))
  end
  if #group.fresh > 0 then
    redis.call('SADD', CHOICES, group.name)
  end
end
return { 'done' }
