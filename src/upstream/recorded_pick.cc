// The values one behind the other, then the lists, each behind its length.
#include "upstream/recorded_pick.h"

#include <cstring>

#include "contracts/decision.h"

namespace weir {
namespace {

/// What every pick has.
struct Moment {
  std::uint64_t turn;
  std::uint64_t draw;
  std::uint64_t key;
  Time now;
  double level;
  RosterRules rules;
  bool keyed;
  bool signals;  ///< of endpoints: latencies and reports stand behind their loads
};

struct Load {
  std::uint32_t in_flight;
  std::uint32_t weight;
  enum Flags : std::uint16_t { available = 1, ejected = 2, drained = 4, near = 8 };
  std::uint16_t flags;
  std::uint16_t priority;  // as wide as the flags, so that no byte of a record is left to chance
};

Load load_of(const EndpointFacts& facts) {
  const unsigned flags = (facts.available ? Load::available : 0U) | (facts.ejected ? Load::ejected : 0U) |
                         (facts.drained ? Load::drained : 0U) | (facts.near ? Load::near : 0U);
  return {facts.in_flight, facts.weight, static_cast<std::uint16_t>(flags), facts.priority};
}

struct Signals {
  std::uint32_t latency_us;
  std::uint32_t reported_load;
  std::uint32_t reported_latency_us;
  Time latency_at;
  Time reported_at;
};

bool has_signals(const EndpointFacts& facts) {
  return facts.latency_us != 0 || facts.reported_at != Time{};
}

class Writer {
 public:
  Writer(Arena& arena, std::size_t bytes) : begin_(static_cast<char*>(arena.allocate(bytes, 1))), at_(begin_) {}

  template <RecordableFacts Value>
  void value(const Value& value) {
    std::memcpy(at_, &value, sizeof(Value));
    at_ += sizeof(Value);
  }
  template <RecordableFacts Value>
  void list(std::span<const Value> values) {
    value(static_cast<std::uint32_t>(values.size()));
    for (const Value& each : values) value(each);
  }
  [[nodiscard]] std::string_view written() const { return {begin_, at_}; }

 private:
  char* begin_;
  char* at_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <RecordableFacts Value>
  [[nodiscard]] bool value(Value& out) {
    const auto read = facts_from<Value>(rest_.substr(0, sizeof(Value)));
    if (read) {
      out = *read;
      rest_.remove_prefix(sizeof(Value));
    }
    return read.has_value();
  }
  template <RecordableFacts Value>
  [[nodiscard]] bool list(std::vector<Value>& out) {
    std::uint32_t length = 0;
    if (!value(length) || length > rest_.size() / sizeof(Value)) return false;
    out.resize(length);
    return std::ranges::all_of(out, [&](Value& each) { return value(each); });
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool read_endpoint(Reader& reader, bool signals, EndpointFacts& out) {
  Load load{};
  if (!reader.value(load)) return false;
  out = {.in_flight = load.in_flight,
         .weight = load.weight,
         .available = (load.flags & Load::available) != 0,
         .ejected = (load.flags & Load::ejected) != 0,
         .drained = (load.flags & Load::drained) != 0,
         .near = (load.flags & Load::near) != 0,
         .priority = static_cast<std::uint8_t>(load.priority)};
  if (!signals) return true;
  Signals told{};
  if (!reader.value(told)) return false;
  out.latency_us = told.latency_us;
  out.latency_at = told.latency_at;
  out.reported_load = told.reported_load;
  out.reported_latency_us = told.reported_latency_us;
  out.reported_at = told.reported_at;
  return true;
}

}  // namespace

std::string_view pack(const PickFacts& facts, const RosterRules& rules, Arena& arena) {
  if (facts.endpoints.size() > recorded_endpoints_max) return {};
  const bool signals = std::ranges::any_of(facts.endpoints, has_signals);
  Writer writer(arena, sizeof(Moment) + 4 * sizeof(std::uint32_t) + facts.tried.size_bytes() +
                           facts.numbers.size_bytes() + facts.probes.size_bytes() +
                           facts.endpoints.size() * (sizeof(Load) + (signals ? sizeof(Signals) : 0)));
  writer.value(Moment{.turn = facts.turn,
                      .draw = facts.draw,
                      .key = facts.key,
                      .now = facts.now,
                      .level = facts.level,
                      .rules = rules,
                      .keyed = facts.keyed,
                      .signals = signals});
  writer.list(facts.tried);
  writer.list(facts.numbers);
  writer.list(facts.probes);
  writer.value(static_cast<std::uint32_t>(facts.endpoints.size()));
  for (const EndpointFacts& each : facts.endpoints) {
    writer.value(load_of(each));
    if (!signals) continue;
    writer.value(
        Signals{each.latency_us, each.reported_load, each.reported_latency_us, each.latency_at, each.reported_at});
  }
  return writer.written();
}

std::optional<RecordedPick> RecordedPick::read(std::string_view bytes) {
  RecordedPick pick;
  Reader reader(bytes);
  Moment moment{};
  std::uint32_t count = 0;
  if (!reader.value(moment) || !reader.list(pick.tried_) || !reader.list(pick.numbers_) || !reader.list(pick.probes_) ||
      !reader.value(count) || count > recorded_endpoints_max) {
    return {};
  }
  pick.rules_ = moment.rules;
  pick.endpoints_.resize(count);
  for (EndpointFacts& each : pick.endpoints_) {
    if (!read_endpoint(reader, moment.signals, each)) return {};
  }
  if (!reader.at_end()) return {};
  pick.facts_ = {.endpoints = {},
                 .turn = moment.turn,
                 .draw = moment.draw,
                 .key = moment.key,
                 .keyed = moment.keyed,
                 .now = moment.now,
                 .level = moment.level};
  return pick;
}

PickFacts RecordedPick::facts() const {
  PickFacts facts = facts_;
  facts.endpoints = endpoints_;
  facts.tried = tried_;
  facts.numbers = numbers_;
  facts.probes = probes_;
  return facts;
}

std::optional<Pick> RecordedPick::pick_again(const Balancer& balancer, const BalancerTable* table) const {
  Roster roster;
  roster.make(endpoints_, rules_);
  PickFacts again = facts();
  again.table = table;
  return pick(balancer, roster, again);
}

std::string_view RecordedPick::spill_again(const Balancer& balancer, const BalancerTable* table) const {
  Roster roster;
  roster.make(endpoints_, rules_);
  PickFacts again = facts();
  again.table = table;
  if (!pick(balancer, roster, again)) return {};
  return spill_reason(roster, again);
}

}  // namespace weir
