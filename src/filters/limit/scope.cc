// A fleet's rules: which there can be, and what is usual for them.
#include "filters/limit/scope.h"

#include <algorithm>

namespace weir::limit {

std::string_view name_of(Scope scope) {
  switch (scope) {
    case Scope::shared:
      return "shared";
    case Scope::local:
      return "local";
    case Scope::fleet:
      return "fleet";
    case Scope::redis:
      return "redis";
  }
  return "";
}

/// A fleet's account is a bucket of what was admitted.
bool check_fleet(const Node& node, const Reading& reading, const RuleOptions& rule) {
  if (rule.algorithm != Algorithm::token_bucket)
    return reading.error(node, "a fleet holds a limit by token_bucket only", "leave `algorithm` out");
  if (rule.cost.response_header.empty()) return true;
  return reading.error(node, "what an answer turns out to cost is not settled in a fleet", "use scope: shared");
}

/// A fleet's burst is what its worst second is made of: a tenth of a second's worth unless more is asked for.
std::uint64_t usual_burst(const RuleOptions& rule) {
  if (rule.algorithm == Algorithm::gcra) return 1;
  if (rule.scope != Scope::fleet) return rule.rate->count;
  const auto nanoseconds = static_cast<double>(rule.rate->per.count());
  return std::max<std::uint64_t>(1,
                                 static_cast<std::uint64_t>(static_cast<double>(rule.rate->count) * 1e8 / nanoseconds));
}

}  // namespace weir::limit
