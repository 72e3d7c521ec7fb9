// What a configuration says about breakers and bulkheads: the same for filters and for upstreams.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "overload/bulkhead_use.h"
#include "overload/circuit_breaker.h"

namespace weir {

struct CircuitBreakerOptions : BreakerRule {
  std::string name;  ///< who shares it; empty: nobody
  std::vector<Status> failure_statuses{500, 502, 503, 504};
  Place place;
  static const Schema<CircuitBreakerOptions>& schema();
};

/// A number, or none: found out.
struct ConcurrencyLimit {
  std::optional<std::uint32_t> fixed;
  friend bool operator==(const ConcurrencyLimit&, const ConcurrencyLimit&) = default;
};

struct ConcurrencyOptions : BulkheadRule {
  std::string name;  ///< who shares it; empty: nobody
  ConcurrencyLimit limit;
  std::uint32_t minimum = TunerBounds().minimum;
  std::uint32_t maximum = TunerBounds().maximum;
  std::uint32_t initial = TunerBounds().initial;
  Place place;
  static const Schema<ConcurrencyOptions>& schema();
};

template <>
struct OptionType<ConcurrencyLimit> {
  static std::string name() { return "number or adaptive"; }
  static bool read(const Node& node, const Reading& at, ConcurrencyLimit& out);
  static std::string shown(const ConcurrencyLimit& value);
};

/// With the state that the process has kept under the name, or without one under `otherwise`.
CircuitBreaker make_circuit_breaker(const CircuitBreakerOptions& options, const std::string& otherwise,
                                    BuildContext& context);
BulkheadUse make_bulkhead(const ConcurrencyOptions& options, const std::string& otherwise, BuildContext& context);

/// `opens when 50 % of at least 20 requests in 10s fail`, for people.
std::string described(const BreakerRule& rule);
/// `at most 20 at once, 100 wait`, for people.
std::string described(const BulkheadRule& rule);

}  // namespace weir
