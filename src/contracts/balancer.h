// A balancer picks an endpoint: a pure function of the facts it is given.
//
// Problem: a pick may look at ten thousand endpoints and may cost twenty nanoseconds; and it must be possible to make
// it again, years later, from what was written down. Idea: the facts of the endpoints stand in one array that the core
// keeps up to date (its only writer); a pick is given a view of it, never a copy. Who may be picked changes seldom:
// those lists are made when it does (contracts/roster.h). What hangs on the endpoints' names alone (a ring, a Maglev
// table) is made once with the configuration, off the cores; endpoints that may not be picked are skipped when it is
// looked up.
//
// Invariants
//   (1) The same facts give the same pick: the turn, the draw, the key, the clock and all loads are among them.
//   (2) Who is picked is a member of facts.group and was not tried before; there is one whenever one is left.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace weir {

class Arena;
class Selector;        // contracts/selector.h
struct SelectorFacts;  // contracts/selector.h

/// What is known of an endpoint. Times are of the core's clock.
struct EndpointFacts {
  std::uint32_t in_flight = 0;   ///< requests of this core that it has, or that wait for a connection to it
  std::uint32_t weight = 1;      ///< as it counts now: less than configured while it warms up; 0 is never picked
  bool available = true;         ///< neither found ill nor ejected; or a panic, in which nobody asks for that
  bool ejected = false;          ///< not available for that reason alone: tried when all others were
  bool drained = false;          ///< taken out by an operator: never picked
  bool near = true;              ///< in the gateway's zone, or zones are not used
  std::uint8_t priority = 0;     ///< the lowest is used as long as enough of it is available
  std::uint32_t latency_us = 0;  ///< peak EWMA as it stood at latency_at; 0: nothing was measured
  Time latency_at{};
  std::uint32_t reported_load = 0;        ///< by the server itself: its requests in flight, or thousandths of its use
  std::uint32_t reported_latency_us = 0;  ///< by the server itself; 0: it does not say
  Time reported_at{};                     ///< when it was heard; the clock's beginning: never
};

/// Endpoints among which one is picked: those of one priority and one side of the zone that may be. Made by Roster.
struct EndpointGroup {
  std::vector<std::uint32_t> members;  ///< numbers of endpoints, rising; never empty when it is picked from
  std::vector<std::uint64_t> marks;    ///< the same as a bit for each number
  std::vector<std::uint64_t> upto;     ///< running sums of the members' weights; empty when all weights are equal
  std::vector<std::uint32_t> guide;    ///< for points in equal stretches of the sum: the first member to look at
  std::uint64_t weight_sum = 0;
  std::uint64_t step = 0;  ///< about weight_sum / golden ratio, without a common divisor
  std::uint8_t priority = 0;
  bool near = true;

  /// Of a thousand endpoints all marks are two lines of memory; their facts are a thousand.
  [[nodiscard]] bool has(std::uint32_t number) const {
    return number / 64 < marks.size() && (marks[number / 64] >> (number % 64) & 1) != 0;
  }
  /// The member whose stretch of [0, weight_sum) holds the point. Constant time on average.
  [[nodiscard]] std::uint32_t member_at(std::uint64_t point) const;
  /// The member that 32 random bits fall on, by weight.
  [[nodiscard]] std::uint32_t member_by(std::uint32_t bits) const {
    if (upto.empty()) return members[(std::uint64_t{bits} * members.size()) >> 32];
    return member_at(static_cast<std::uint64_t>((static_cast<unsigned __int128>(bits) * weight_sum) >> 32));
  }
};

/// What a policy makes of the endpoints' names before anybody asks: immutable, shared by the cores.
class BalancerTable {
 public:
  virtual ~BalancerTable() = default;
};

/// What a table is made of. Equal identities give equal tables, wherever they are made.
struct EndpointIdentity {
  std::string_view name;  ///< as text: `10.0.0.11:8080`
  std::uint32_t weight = 1;
};

/// What a server said of itself when it was asked, or with an answer; kept by the core until it is used up or old.
struct ProbeFacts {
  std::uint32_t endpoint = 0;
  std::uint32_t load = 0;        ///< its requests in flight, those sent to it since included
  std::uint32_t latency_us = 0;  ///< as it expects it at that load
  Time heard_at{};
};

struct PickFacts {
  std::span<const EndpointFacts> endpoints;  ///< all there are, by number
  const EndpointGroup* group = nullptr;      ///< where to pick from; see pick() of roster.h
  std::span<const std::uint32_t> tried{};    ///< endpoints that this request had before: a handful
  std::uint64_t turn = 0;                    ///< how many picks this core made before
  std::uint64_t draw = 0;                    ///< uniform random bits
  std::uint64_t key = 0;                     ///< the hash of the request's key; without one, random bits
  bool keyed = false;                        ///< the request has a key
  Time now{};
  double level = 0;                      ///< bounded loads: requests per unit of weight that are allowed
  const BalancerTable* table = nullptr;  ///< null: the policy makes none, or it is not there yet
  /// Numbers of the table's entries as numbers of endpoints, no_endpoint_number where one is gone; empty: the same.
  std::span<const std::uint32_t> numbers{};
  std::span<const ProbeFacts> probes{};

  [[nodiscard]] bool was_tried(std::uint32_t number) const { return std::ranges::find(tried, number) != tried.end(); }
  [[nodiscard]] bool may_pick(std::uint32_t number) const {
    return group->has(number) && (tried.empty() || !was_tried(number));
  }
  [[nodiscard]] std::uint32_t endpoint_of(std::uint32_t entry) const {
    return numbers.empty() ? entry : numbers[entry];
  }
};
inline constexpr std::uint32_t no_endpoint_number = ~std::uint32_t{0};

struct Pick {
  std::uint32_t endpoint = 0;
  std::string_view reason;                   ///< static: "round_robin"
  std::uint32_t probe = no_endpoint_number;  ///< which of facts.probes it was taken from
};

/// How servers are asked for their reports beside requests (upstream/load_prober.h).
struct ProbeRule {
  std::string path;                                   ///< of the page that answers with a report; empty: nobody asks
  std::string host;                                   ///< the Host field; empty: the endpoint's address
  double per_pick = 3;                                ///< servers that are asked for each pick
  Duration timeout = std::chrono::milliseconds{100};  ///< for everything: connecting, asking, the whole answer
  std::uint32_t kept = 16;                            ///< reports that a core has at most
  std::uint32_t uses_max = 0;  ///< picks that a report is good for; 0: as many as what comes replaces
};

/// Reports of servers that a policy lives on.
struct ReportRule {
  std::string header;      ///< of an answer, lower case
  std::string load;        ///< the metric that is the requests in flight
  std::string latency;     ///< the metric that is the latency in milliseconds
  double hot_part = 0.84;  ///< quantile of the loads at hand above which a server is hot
  Duration report_age_max = std::chrono::seconds{1};
  ProbeRule probes;
};

/// What decides between those who may be picked, beside their weights: whether a pick can be told beforehand.
enum class PickBasis : std::uint8_t {
  turn,          ///< whose turn it is
  chance,        ///< the draw
  load,          ///< what they have in flight, or how quick they are, when it comes to it
  key,           ///< the request's key alone
  key_and_load,  ///< the key, as long as its endpoint has room; or the lighter of those it belongs to
};

class Balancer {
 public:
  virtual ~Balancer() = default;
  /// \pre  facts.group has members
  /// \returns  nothing when all of them were tried
  [[nodiscard]] virtual std::optional<Pick> pick(const PickFacts& facts) const = 0;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual PickBasis basis() const { return PickBasis::load; }

  /// What of a request it is remembered by; null: the policy has no keys.
  [[nodiscard]] virtual const Selector* key() const { return nullptr; }
  /// The hash of what this request is to be remembered by; nothing when the policy has no keys or the request has none.
  [[nodiscard]] virtual std::optional<std::uint64_t> key_of(const SelectorFacts&, Arena&) const { return {}; }
  [[nodiscard]] virtual bool has_table() const { return false; }
  /// Made off the cores. \returns null: the policy has none
  [[nodiscard]] virtual std::unique_ptr<const BalancerTable> make_table(std::span<const EndpointIdentity>) const {
    return nullptr;
  }
  /// How far above the mean an endpoint's load may rise: 0.25; 0: as far as it likes.
  [[nodiscard]] virtual double load_above_mean() const { return 0; }
  /// How long latencies are remembered; 0: the policy does not ask for them, and nobody measures.
  [[nodiscard]] virtual Duration latency_decay() const { return Duration::zero(); }
  [[nodiscard]] virtual const ReportRule* reports() const { return nullptr; }
};

}  // namespace weir
