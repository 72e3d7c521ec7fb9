// The lookup: facts against candidates, in the order in which the index hands them out.
#include "route/router.h"

#include <set>

#include "route/demands.h"
#include "route/index.h"

namespace weir {
namespace {

/// One lookup under way.
class Search {
 public:
  Search(const RouteIndex& index, const RouteFacts& facts) : index_(index), facts_(facts), path_(facts.path) {}

  RouteDecision run() {
    index_.visit(
        facts_.host, path_, [this](const HostTable& host) { return can_improve(host.priority_max); },
        [this](const Candidate& candidate) { return consider(candidate); });
    return decision();
  }

 private:
  /// Later candidates are less specific, so only a higher priority makes them better (invariant 1 of the index).
  [[nodiscard]] bool can_improve(std::int32_t priority) const { return best_ == nullptr || priority > best_->priority; }

  /// \returns  whether to go on
  bool consider(const Candidate& candidate) {
    if (!can_improve(candidate.priority)) return true;
    if (!index_.listener_holds(candidate, facts_.listener) || !index_.path_holds(candidate, facts_.path)) return true;
    const Predicates* const more = index_.predicates_of(candidate);
    if (more != nullptr && failed_value(*more, facts_) != FailedValue::none) return true;
    if (!method_holds(candidate, more, facts_)) {
      methods_allowed_ |= candidate.methods;
      return true;
    }
    best_ = &candidate;
    return index_.priority_max() > candidate.priority;
  }

  [[nodiscard]] RouteDecision decision() const {
    if (best_ != nullptr) {
      return {.route = best_->route, .match = best_->match, .place = best_->place, .reason = RouteReason::matched};
    }
    if (methods_allowed_ != 0) {
      return {.reason = RouteReason::method_not_allowed, .methods_allowed = methods_allowed_};
    }
    return {};
  }

  const RouteIndex& index_;
  const RouteFacts& facts_;
  const PathHashes path_;
  const Candidate* best_ = nullptr;
  std::uint16_t methods_allowed_ = 0;
};

std::vector<std::string> fields_of(std::span<const RouteRule> rules) {
  std::set<std::string_view> names;
  for (const RouteRule& rule : rules) {
    for (const MatchRule& match : rule.matches) {
      for (const ValuePattern& header : match.headers) names.insert(header.name);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace

std::string_view name_of(RouteReason reason) {
  switch (reason) {
    case RouteReason::matched:
      return "matched";
    case RouteReason::no_route:
      return "no_route";
    case RouteReason::method_not_allowed:
      return "method_not_allowed";
  }
  return {};
}

Router::Router() : Router(std::span<const RouteRule>()) {}
Router::Router(std::span<const RouteRule> rules)
    : index_(std::make_unique<const RouteIndex>(rules)), fields_asked_for_(fields_of(rules)) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

RouteDecision Router::find(const RouteFacts& facts) const {
  return Search(*index_, facts).run();
}

std::size_t Router::size() const {
  return index_->candidates().size();
}

}  // namespace weir
