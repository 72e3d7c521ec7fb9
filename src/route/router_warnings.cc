// What the author of a configuration should know about pairs of rules.
//
// Idea: two rules of one rank can only meet when host and path are the same, so ties are looked for within a bucket,
// among neighbours in rank order. A rule is shadowed when one that goes first demands no more than it does; with
// equal priorities that too happens only within a bucket, since a less specific rule never goes first.
#include <algorithm>

#include "route/index.h"
#include "route/router.h"

namespace weir {
namespace {

/// Rules of one bucket compared with those before them; beyond this many, a configuration of twins would cost its
/// square.
constexpr std::size_t neighbours_max = 64;

const Predicates& demands_of(const RouteIndex& index, const Candidate& candidate) {
  static const Predicates none;
  const Predicates* const found = index.predicates_of(candidate);
  return found == nullptr ? none : *found;
}

class Comparison {
 public:
  Comparison(const RouteIndex& index, const Candidate& first, const Candidate& second)
      : index_(index),
        first_(first),
        second_(second),
        first_more_(demands_of(index, first)),
        second_more_(demands_of(index, second)) {}

  /// Whether `first` holds whenever `second` does.
  [[nodiscard]] bool covers() const {
    return host_covers() && path_covers() && listeners_cover() && methods_cover() && headers_cover() &&
           queries_cover() && clients_cover();
  }

  /// Whether, host and path being of one bucket, some request satisfies both.
  [[nodiscard]] bool may_meet() const {
    return same_path() && listeners_meet() && methods_meet() && headers_meet() && queries_meet() && clients_meet();
  }

  [[nodiscard]] bool tie() const {
    Rank first = index_.rank_of(first_);
    const Rank second = index_.rank_of(second_);
    first.order = second.order;
    return first == second;
  }

 private:
  [[nodiscard]] HostPattern host(const Candidate& candidate) const {
    const HostTable& table = index_.host_of(candidate);
    return {table.kind, std::string(index_.text_of(table))};
  }
  [[nodiscard]] bool host_covers() const {
    if (first_.host == second_.host) return true;
    const HostPattern first = host(first_);
    const HostPattern second = host(second_);
    if (first.kind == HostPattern::Kind::exact || second.kind == HostPattern::Kind::any) {
      return first.kind == HostPattern::Kind::any;
    }
    // All that is below a name is below whatever that name is below.
    return first.matches(second.name);
  }
  [[nodiscard]] bool same_path() const {
    return first_.path_kind == second_.path_kind && index_.text_of(first_) == index_.text_of(second_) &&
           (first_.path_kind != PathPattern::Kind::regex ||
            first_more_.regex->pattern() == second_more_.regex->pattern());
  }
  [[nodiscard]] bool path_covers() const {
    if (first_.path_kind == PathPattern::Kind::any || same_path()) return true;
    if (second_.path_kind == PathPattern::Kind::exact) return index_.path_holds(first_, index_.text_of(second_));
    // What a prefix or an expression certainly begins with, up to its last whole segment, decides.
    if (first_.path_kind != PathPattern::Kind::prefix || second_.path_kind == PathPattern::Kind::any) return false;
    std::string_view certain = index_.text_of(second_);
    if (second_.path_kind == PathPattern::Kind::regex) certain = certain.substr(0, certain.rfind('/') + 1);
    return index_.path_holds(first_, certain);
  }

  [[nodiscard]] bool listeners_cover() const {
    if (first_.listeners == 0) return true;
    return second_.listeners != 0 && std::ranges::includes(index_.listeners_of(first_), index_.listeners_of(second_));
  }
  [[nodiscard]] bool listeners_meet() const {
    if (first_.listeners == 0 || second_.listeners == 0) return true;
    return std::ranges::any_of(index_.listeners_of(second_),
                               [&](std::uint16_t id) { return index_.listener_holds(first_, id); });
  }

  static unsigned known_methods(const Candidate& candidate) { return candidate.methods & ~1U; }  // bit 0: Method::other
  [[nodiscard]] bool methods_cover() const {
    if (first_.methods == Candidate::any_method) return true;
    return second_.methods != Candidate::any_method && (known_methods(second_) & ~known_methods(first_)) == 0 &&
           std::ranges::all_of(second_more_.other_methods, [&](const std::string& method) {
             return std::ranges::find(first_more_.other_methods, method) != first_more_.other_methods.end();
           });
  }
  [[nodiscard]] bool methods_meet() const {
    if (first_.methods == Candidate::any_method || second_.methods == Candidate::any_method) return true;
    return (known_methods(first_) & known_methods(second_)) != 0 ||
           std::ranges::find_first_of(first_more_.other_methods, second_more_.other_methods) !=
               first_more_.other_methods.end();
  }

  static bool implied(const ValuePattern& demand, const ValuePattern& by) {
    return demand.name == by.name && (!demand.value || demand.value == by.value);
  }
  static bool contradict(const ValuePattern& one, const ValuePattern& other) {
    return one.name == other.name && one.value && other.value && one.value != other.value;
  }
  [[nodiscard]] bool headers_cover() const {
    return std::ranges::all_of(first_more_.headers, [&](const HeaderDemand& demand) {
      return std::ranges::any_of(second_more_.headers,
                                 [&](const HeaderDemand& by) { return implied(demand.pattern, by.pattern); });
    });
  }
  [[nodiscard]] bool headers_meet() const {
    return std::ranges::none_of(first_more_.headers, [&](const HeaderDemand& one) {
      return std::ranges::any_of(second_more_.headers,
                                 [&](const HeaderDemand& other) { return contradict(one.pattern, other.pattern); });
    });
  }
  [[nodiscard]] bool queries_cover() const {
    return std::ranges::all_of(first_more_.queries, [&](const ValuePattern& demand) {
      return std::ranges::any_of(second_more_.queries, [&](const ValuePattern& by) { return implied(demand, by); });
    });
  }
  [[nodiscard]] bool queries_meet() const {
    return std::ranges::none_of(first_more_.queries, [&](const ValuePattern& one) {
      return std::ranges::any_of(second_more_.queries,
                                 [&](const ValuePattern& other) { return contradict(one, other); });
    });
  }

  static bool block_covers(const Cidr& outer, const Cidr& inner) {
    if (outer.prefix_bits() > inner.prefix_bits()) return false;
    const std::string text = inner.text();
    const Result<IpAddress> network = IpAddress::parse(std::string_view(text).substr(0, text.find('/')));
    return network.has_value() && outer.contains(*network);
  }
  [[nodiscard]] bool clients_cover() const {
    if (first_more_.clients.empty()) return true;
    return !second_more_.clients.empty() && std::ranges::all_of(second_more_.clients, [&](const Cidr& inner) {
      return std::ranges::any_of(first_more_.clients, [&](const Cidr& outer) { return block_covers(outer, inner); });
    });
  }
  [[nodiscard]] bool clients_meet() const {
    if (first_more_.clients.empty() || second_more_.clients.empty()) return true;
    return std::ranges::any_of(first_more_.clients, [&](const Cidr& one) {
      return std::ranges::any_of(second_more_.clients, [&](const Cidr& other) {
        return block_covers(one, other) || block_covers(other, one);
      });
    });
  }

  const RouteIndex& index_;
  const Candidate& first_;
  const Candidate& second_;
  const Predicates& first_more_;
  const Predicates& second_more_;
};

RouteWarning make_warning(RouteWarning::Kind kind, const Candidate& rule, const Candidate& by) {
  return {.kind = kind,
          .rule = {.route = rule.route, .match = rule.match, .place = rule.place},
          .by = {.route = by.route, .match = by.match, .place = by.place}};
}

/// Rules that go first by priority alone and demand so little that they may cover rules of other buckets.
std::vector<const Candidate*> find_raised(const RouteIndex& index) {
  std::int32_t lowest = INT32_MAX;
  for (const Candidate& candidate : index.candidates()) lowest = std::min(lowest, candidate.priority);
  std::vector<const Candidate*> raised;
  for (const Candidate& candidate : index.candidates()) {
    if (candidate.priority > lowest && raised.size() < neighbours_max) raised.push_back(&candidate);
  }
  return raised;
}

}  // namespace

std::vector<RouteWarning> Router::warnings(std::size_t warnings_max) const {
  std::vector<RouteWarning> found;
  const std::vector<const Candidate*> raised = find_raised(*index_);
  const std::span<const Candidate> all = index_->candidates();
  std::size_t bucket = 0;  // where the current bucket begins
  for (std::size_t at = 0; at < all.size() && found.size() < warnings_max; ++at) {
    const Candidate& rule = all[at];
    const Candidate* tied = nullptr;
    const Candidate* shadow = nullptr;
    for (std::size_t before = at; before-- > bucket && at - before <= neighbours_max && shadow == nullptr;) {
      const Comparison comparison(*index_, all[before], rule);
      if (comparison.covers())
        shadow = &all[before];
      else if (comparison.tie() && comparison.may_meet())
        tied = &all[before];
    }
    for (const Candidate* higher : raised) {
      if (shadow != nullptr || higher->priority <= rule.priority) continue;
      if (Comparison(*index_, *higher, rule).covers()) shadow = higher;
    }
    if (shadow != nullptr)
      found.push_back(make_warning(RouteWarning::Kind::shadowed, rule, *shadow));
    else if (tied != nullptr)
      found.push_back(make_warning(RouteWarning::Kind::order_decides, rule, *tied));
    if (rule.last) bucket = at + 1;
  }
  return found;
}

}  // namespace weir
