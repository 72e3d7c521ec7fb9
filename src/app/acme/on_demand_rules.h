// Which names may be had on demand, as a configuration says it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/outgoing/url.h"

namespace weir::acme {

struct OnDemandRules {
  std::vector<std::string> patterns;  ///< `*.shop.test` for one label; empty: the endpoint alone decides
  std::optional<Url> ask;             ///< nothing: patterns alone decide
  std::uint32_t per_hour = 20;
  friend bool operator==(const OnDemandRules&, const OnDemandRules&) = default;
};

/// Letters, digits and hyphens in at least two labels, the last one not a number (RFC 5890 section 2.3.1): no authority
/// issues for another. Pure.
bool is_host_name(std::string_view name);

}  // namespace weir::acme
