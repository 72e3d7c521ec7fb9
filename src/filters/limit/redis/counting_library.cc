// The program that runs inside Redis: the arithmetic of budget.h and sliding_log.h in Lua, on Redis' clock.
//
// tests/system/scenarios/redis_counts_exactly.py takes it from here and compares it with counting by hand.
#include <fmt/format.h>

#include "base/crypto.h"
#include "filters/limit/redis/counting.h"

namespace weir::limit {
namespace {

constexpr std::string_view source = R"lua(
-- One call decides for all rules of a filter: all are looked at, and charged only when all agree. Time is Redis'
-- own, in microseconds, so that the clocks of gateways do not matter. A state says how it was counted and expires
-- when forgetting it loses nothing. Numbers are integers below 2^53, which Lua's numbers hold exactly.
local function text(...) return string.format(...) end

local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- Eight arguments say what a rule is, two what is asked of it.
local function read_rule(key, args, at)
  return {key = key, kind = args[at], limit = tonumber(args[at + 1]), width = tonumber(args[at + 2]),
          unit = tonumber(args[at + 3]), burst = tonumber(args[at + 4]), debt = tonumber(args[at + 5]),
          delay = tonumber(args[at + 6]), dry = args[at + 7] == '1', cost = tonumber(args[at + 8]),
          more = tonumber(args[at + 9])}
end

-- Buckets: what is owed, in nanoseconds, and when that was so.
local bucket = {}
function bucket.read(rule, time)
  rule.time, rule.owed, rule.full = time, 0, rule.unit * rule.burst
  -- The mark of a charge: when all of it has come back, had nothing else been charged.
  rule.number = time + math.ceil(rule.cost * rule.unit / 1000)
  local at, owed = string.match(redis.call('GET', rule.key) or '', '^(%d+) (%d+)$')
  if not at then return end
  rule.owed = math.max(0, tonumber(owed) - math.max(0, time - tonumber(at)) * 1000)
  rule.went_back = time < tonumber(at)
end
function bucket.write(rule, time)
  local left = math.ceil(rule.owed / 1000000) + 1000
  redis.call('SET', rule.key, text('%.0f %.0f', time, rule.owed), 'PX', text('%.0f', left))
end
function bucket.decide(rule)
  local after = rule.owed + rule.cost * rule.unit
  local late = math.max(0, after - rule.full)
  rule.admitted = rule.cost <= rule.burst and late <= rule.delay
  rule.wait = rule.cost > rule.burst and -1 or math.ceil(late / 1000)
  local owed = rule.admitted and after or rule.owed
  rule.remaining, rule.reset = math.floor(math.max(0, rule.full - owed) / rule.unit), math.ceil(owed / 1000)
  rule.spare = rule.remaining
end
function bucket.charge(rule, cost) rule.owed = rule.owed + cost * rule.unit end
function bucket.settle(rule, more, mark)
  local most = math.max(rule.owed, rule.full + rule.unit * rule.debt)
  -- What has come back since is not given back again.
  local change = math.max(more * rule.unit, -math.max(0, mark - rule.time) * 1000)
  rule.owed = math.max(0, math.min(most, rule.owed + change))
end

-- Windows of Redis' clock: the number of the last one that was charged, what was spent in the one before, and in it.
local window = {}
function window.read(rule, time)
  rule.number = math.floor(time / rule.width)
  rule.elapsed, rule.previous, rule.current = time - rule.number * rule.width, 0, 0
  local number, previous, current = string.match(redis.call('GET', rule.key) or '', '^(%d+) (%d+) (%d+)$')
  if not number then return end
  local passed = rule.number - tonumber(number)
  if passed <= 0 then  -- a clock that went back takes along what was spent
    rule.previous, rule.current, rule.went_back = tonumber(previous), tonumber(current), passed < 0
  elseif passed == 1 and rule.kind == 's' then
    rule.previous = tonumber(current)
  end
end
function window.write(rule)
  local left = (rule.kind == 's' and 2 or 1) * rule.width - rule.elapsed
  redis.call('SET', rule.key, text('%.0f %.0f %.0f', rule.number, rule.previous, rule.current),
             'PX', text('%.0f', math.ceil(left / 1000) + 1000))
end
-- How much of a window must be over before `spent` weighs no more than `room`.
local function until_room(spent, room, width)
  return spent <= room and 0 or width - math.floor(room * width / spent)
end
function window.decide(rule)
  local rest, tail = rule.width - rule.elapsed, rule.previous * (rule.width - rule.elapsed)
  local room = rule.limit - rule.cost - rule.current
  rule.admitted = rule.cost <= rule.limit and room >= 0 and tail <= room * rule.width
  rule.wait = 0
  if rule.cost > rule.limit then
    rule.wait = -1
  elseif not rule.admitted and room >= 0 then
    rule.wait = until_room(rule.previous, room, rule.width) - rule.elapsed
  elseif not rule.admitted then
    rule.wait = rest + (rule.kind == 's' and until_room(rule.current, rule.limit - rule.cost, rule.width) or 0)
  end
  local current = rule.current + (rule.admitted and rule.cost or 0)
  rule.remaining = math.max(0, rule.limit - current - math.ceil(tail / rule.width))
  rule.reset = (current > 0 or rule.previous > 0) and rest or 0
  if rule.kind == 's' and current > 0 then rule.reset = rest + rule.width end
  rule.spare = rule.remaining
end
function window.charge(rule, cost) rule.current = rule.current + cost end
function window.settle(rule, more, mark)
  if more >= 0 then
    rule.current = rule.current + math.min(more, math.max(0, rule.limit + rule.debt - rule.current))
  elseif mark == rule.number then
    rule.current = math.max(0, rule.current + more)
  elseif mark == rule.number - 1 then
    rule.previous = math.max(0, rule.previous + more)
  end
end

-- The exact log: the moments of the last window in a list, the oldest first.
local log = {}
function log.read(rule, time)
  local youngest = tonumber(redis.call('LINDEX', rule.key, -1) or 0)
  if youngest > time then  -- the clock went back: what is in the log counts from now on
    local count = redis.call('LLEN', rule.key)
    for at = 0, count - 1 do
      local moment = tonumber(redis.call('LINDEX', rule.key, at))
      redis.call('LSET', rule.key, at, text('%.0f', math.min(moment, time)))
    end
  end
  local oldest = redis.call('LINDEX', rule.key, 0)
  while oldest and tonumber(oldest) + rule.width <= time do
    redis.call('LPOP', rule.key)
    oldest = redis.call('LINDEX', rule.key, 0)
  end
  rule.time, rule.spent = time, redis.call('LLEN', rule.key)
end
function log.write(rule)
  for _ = 1, rule.charged or 0 do redis.call('RPUSH', rule.key, text('%.0f', rule.time)) end
  redis.call('PEXPIRE', rule.key, text('%.0f', math.ceil(rule.width / 1000) + 1000))
end
function log.decide(rule)
  local room = rule.limit - rule.spent
  rule.admitted = rule.cost <= room
  rule.wait, rule.reset = 0, rule.admitted and rule.width or 0
  if rule.cost > rule.limit then
    rule.wait = -1
  elseif not rule.admitted then
    rule.wait = tonumber(redis.call('LINDEX', rule.key, rule.cost - room - 1)) + rule.width - rule.time
  end
  if not rule.admitted and rule.spent > 0 then
    rule.reset = tonumber(redis.call('LINDEX', rule.key, -1)) + rule.width - rule.time
  end
  rule.remaining = rule.admitted and room - rule.cost or room
  rule.spare = rule.remaining
end
function log.charge(rule, cost) rule.charged = (rule.charged or 0) + cost end
function log.settle(rule, more)
  for _ = 1, math.min(-more, rule.spent) do redis.call('RPOP', rule.key) end
end

local kinds = {b = bucket, f = window, s = window, l = log}
local each = 10

-- For each rule: whether it admits, what remains, microseconds until it would and until it is as new, units that were
-- leased beyond the cost, and the mark of the charge: a bucket's as above, of windows the one that was charged.
local function take(keys, args)
  local time, rules, agreed, answer = now(), {}, true, {}
  for index, key in ipairs(keys) do
    local rule = read_rule(key, args, (index - 1) * each + 1)
    local kind = kinds[rule.kind]
    kind.read(rule, time)
    kind.decide(rule)
    agreed = agreed and (rule.admitted or rule.dry)
    rules[index] = rule
  end
  for index, rule in ipairs(rules) do
    local kind, leased = kinds[rule.kind], 0
    if agreed and rule.admitted then
      leased = math.min(rule.more, rule.spare)
      kind.charge(rule, rule.cost + leased)
    end
    if agreed and rule.admitted or rule.went_back then kind.write(rule, time) end
    local at = (index - 1) * 6
    answer[at + 1], answer[at + 2], answer[at + 3] = rule.admitted and 1 or 0, rule.remaining, rule.wait
    answer[at + 4], answer[at + 5], answer[at + 6] = rule.reset, leased, rule.number or 0
  end
  return answer
end

-- A cost turned out different. Of each rule `cost` is the mark of what was charged, `more` the difference.
local function settle(keys, args)
  local time = now()
  for index, key in ipairs(keys) do
    local rule = read_rule(key, args, (index - 1) * each + 1)
    local kind = kinds[rule.kind]
    kind.read(rule, time)
    kind.settle(rule, rule.more, rule.cost)
    kind.write(rule, time)
  end
  return #keys
end
)lua";

redis::Library make_library() {
  const crypto::Digest digest = crypto::sha256(source);
  const std::string name = fmt::format("weir_limit_{}", crypto::hexadecimal(std::span(digest).first(4)));
  const std::string take = name + "_take";
  const std::string settle = name + "_settle";
  return {.source = fmt::format("#!lua name={}\n{}redis.register_function('{}', take)\n"
                                "redis.register_function('{}', settle)\n",
                                name, source, take, settle),
          .functions = {{.name = take, .script = fmt::format("{}return take(KEYS, ARGV)\n", source)},
                        {.name = settle, .script = fmt::format("{}return settle(KEYS, ARGV)\n", source)}}};
}

}  // namespace

const redis::Library& counting_library() {
  static const redis::Library library = make_library();
  return library;
}

}  // namespace weir::limit
