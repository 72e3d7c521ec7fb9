// What a limit may be told: one rule, or a list of rules that hold together.
//
//   limit: 100/s                                          each client address, 100 at once
//   limit: { rate: 100/s, burst: 50, key: client_address }
//   limit:
//     rules:
//       - { name: second, rate: 10/s, key: { header: x-user } }
//       - { name: day, rate: 5000/d, algorithm: sliding_window, key: { header: x-user } }
//       - { name: open, in_flight: 20 }
//   limit: { quota: 10000/month, time_zone: Europe/Berlin, key: user }
//   limit: { bandwidth: 1MiB/s, key: connection }
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contracts/schema.h"
#include "contracts/selector.h"
#include "filters/limit/budget.h"
#include "filters/limit/calendar.h"
#include "filters/limit/fleet/owning.h"
#include "filters/limit/pace.h"
#include "filters/limit/redis/options.h"

namespace weir::limit {

/// Whose requests count together: values of the request; none of them means all requests.
struct KeyParts {
  std::vector<Selector> selectors;
  bool connection = false;  ///< each connection for itself; stands alone
  friend bool operator==(const KeyParts&, const KeyParts&) = default;
};

/// What a request costs.
struct CostOptions {
  std::uint64_t fixed = 1;       ///< where nothing else says
  std::string header;            ///< of the request; lower case; empty: none
  std::string response_header;   ///< of the answer; lower case; empty: none
  std::uint64_t maximum = 1000;  ///< more than this is taken for this much
  std::optional<std::uint64_t> debt;
  static const Schema<CostOptions>& schema();
};

enum class Scope : std::uint8_t { shared, local, fleet, redis };

std::string_view name_of(Scope scope);

/// So much in each period of a calendar.
struct Quota {
  std::uint64_t count = 0;
  PeriodUnit unit = PeriodUnit::month;
  friend bool operator==(const Quota&, const Quota&) = default;
};

struct ByteRate {
  ByteCount per_second = 0;
  friend bool operator==(const ByteRate&, const ByteRate&) = default;
};

enum class Direction : std::uint8_t { response, request };

/// How fast content may pass.
struct BandwidthOptions {
  ByteRate rate;
  ByteCount burst = unbounded;  ///< unbounded: burst_of() chooses
  Direction direction = Direction::response;
  static const Schema<BandwidthOptions>& schema();
};

struct RuleOptions {
  std::string name;
  std::optional<Rate> rate;
  std::optional<std::uint64_t> burst;
  Algorithm algorithm = Algorithm::token_bucket;
  std::optional<std::uint64_t> in_flight;
  std::optional<Quota> quota;
  std::string time_zone = "UTC";
  std::shared_ptr<const Calendar> calendar;  ///< of the quota, in that time zone
  std::optional<BandwidthOptions> bandwidth;
  KeyParts key{.selectors = {Selector()}};
  unsigned ipv6_prefix = 64;
  CostOptions cost;
  Duration delay{};
  Scope scope = Scope::shared;
  Owner owner = Owner::automatic;  ///< scope fleet: whether one machine decides about each key
  std::uint64_t keys = 100'000;
  bool dry_run = false;
  Place place;
  static const Schema<RuleOptions>& schema();
};

/// Which fields tell clients what is left.
enum class ToldFields : std::uint8_t { standard, x_ratelimit, draft_6, both, none };

struct LimitOptions : RuleOptions {
  std::vector<RuleOptions> rules;  ///< the one that stands inline, when there is no list
  ToldFields fields = ToldFields::standard;
  Status status = 429;
  std::vector<Cidr> bypass;
  RedisOptions redis;  ///< for rules with scope: redis
  static const Schema<LimitOptions>& schema();
};

/// The pace that a rule with a bandwidth gives to each key.
Pace pace_of(const BandwidthOptions& bandwidth);
/// The budget that a rule with a rate or a quota gives to each key. \param cores  among which it is divided; 1 for
/// shared rules
Budget budget_of(const RuleOptions& rule, unsigned cores);
/// Whether a machine of the fleet owns each of its keys and decides about them.
bool is_owned(const RuleOptions& rule);
/// By which a rule is called where it has no name: `100/s`, `20 in flight`.
std::string name_of(const RuleOptions& rule);
/// What it allows: `100/s`, `20 in flight`, `10000/month`, `1MiB/s`.
std::string allowance_of(const RuleOptions& rule);
/// Everything that decides what is counted, as text: rules with the same text may share counters.
std::string identity_of(const RuleOptions& rule);

}  // namespace weir::limit

namespace weir {

template <>
struct OptionType<limit::KeyParts> {
  static std::string name() { return "selector, list of selector, or all"; }
  static bool read(const Node& node, const Reading& at, limit::KeyParts& out);
  static std::string shown(const limit::KeyParts& value);
};

template <>
struct OptionType<limit::Quota> {
  static std::string name() { return "quota"; }
  static bool read(const Node& node, const Reading& at, limit::Quota& out);
  static std::string shown(const limit::Quota& value);
};

template <>
struct OptionType<limit::ByteRate> {
  static std::string name() { return "bytes per second"; }
  static bool read(const Node& node, const Reading& at, limit::ByteRate& out);
  static std::string shown(const limit::ByteRate& value);
};

}  // namespace weir
