// Which route a request takes: a pure function of the request's facts.
//
// Problem: with 100,000 routes the answer must come in less time than a cache line takes from far memory a few times,
// it must be the same answer that an import from Kubernetes would give, and a person must be able to ask why. Idea: an
// immutable index (route/index.h) that is built off the shards and swapped in by one pointer; the lookup walks it in
// the order of precedence, so that the first rule that holds has won.
//
// Precedence (Kubernetes Gateway API, HTTPRoute), first difference decides
//   1. higher `priority`;
//   2. exact host, then the longest wildcard, then no host;
//   3. exact path, then the longest prefix ("/cart/*" counts as "/cart": 5), then no path ("/*" is no path). A regular
//      expression ranks as a prefix as long as its literal beginning; at equal length the plain prefix goes first;
//   4. a rule that names methods;
//   5. more headers;  6. more queries;
//   7. the rule that stands earlier in the configuration (warnings() tells where this decides).
// A rule that does not hold is passed over whatever its rank: a request falls through to less specific hosts and paths.
//
// How values are compared
//   - Methods: exactly; GET does not include HEAD.
//   - Headers: the first line of that name, byte for byte.
//   - Queries: names and values are percent-decoded and '+' is a space before they are compared; an escape that is
//     malformed stands for itself; the first parameter of a name counts, later ones are ignored.
//   - A request without a path ("OPTIONS *", CONNECT) takes only rules without a path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/node.h"
#include "http/fields.h"
#include "http/method.h"
#include "net/address.h"
#include "route/match.h"

namespace weir {

class RouteIndex;

/// What the router may know of a request. Everything is borrowed for the time of the call.
struct RouteFacts {
  std::uint16_t listener = 0;
  Method method = Method::get;
  std::string_view method_text = "GET";
  std::string_view host;           ///< lower case, without port and brackets; empty when there was none
  std::string_view path;           ///< canonical
  std::string_view query;          ///< without '?', as it stood
  const Fields* fields = nullptr;  ///< null: no fields
  IpAddress client;
};

enum class RouteReason : std::uint8_t {
  matched,
  no_route,            ///< 404
  method_not_allowed,  ///< all but the method held for some rule; answered as no_route (404) today, 405 is possible
};
std::string_view name_of(RouteReason reason);  // "matched"

/// A verdict that names its rule.
struct RouteDecision {
  static constexpr std::uint32_t none = UINT32_MAX;

  std::uint32_t route = none;  ///< RouteRule::route of the winner
  std::uint32_t match = 0;     ///< which of its MatchRules
  Place place;                 ///< of that MatchRule
  RouteReason reason = RouteReason::no_route;
  /// Of method_not_allowed: bit n says that the Method with number n would have found a route (for Allow).
  std::uint16_t methods_allowed = 0;

  [[nodiscard]] bool matched() const { return route != none; }
};

/// Why a rule did not get a request: the first demand that failed, in this order, or that a better rule held.
enum class LostBy : std::uint8_t { less_specific, listener, host, path, method, header, query, client };
std::string_view name_of(LostBy reason);  // "less_specific"

struct Loser {
  std::uint32_t route = 0;
  std::uint32_t match = 0;
  Place place;
  LostBy reason = LostBy::less_specific;
  std::string wanted;  ///< the demand that failed, as configured: "*.example.com", "GET, POST", "x-a: b"; may be empty
};

struct RouteExplanation {
  RouteDecision decision;
  std::vector<Loser> losers;  ///< most similar to the request first
};

/// Something the author of the configuration should know about two rules.
struct RouteWarning {
  enum class Kind : std::uint8_t {
    order_decides,  ///< both can hold for one request, and only their order in the configuration says which wins
    shadowed,       ///< `rule` can never win: whenever it holds, `by` holds too and goes first
  };
  struct Rule {
    std::uint32_t route = 0;
    std::uint32_t match = 0;
    Place place;
  };
  Kind kind = Kind::order_decides;
  Rule rule;  ///< the one that loses
  Rule by;    ///< the one that wins
};

/// Immutable once built, so that any number of threads may ask it. Building is for the control thread.
class Router {
 public:
  Router();  ///< no routes
  /// Copies what it needs of the rules. The order of the span is the order of the file.
  explicit Router(std::span<const RouteRule> rules);
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router();

  /// Neither allocates nor waits (but for what RE2 does when a rule has a regular expression).
  [[nodiscard]] RouteDecision find(const RouteFacts& facts) const;

  /// The winner and those that came near, with the reason why each lost. Looks at every rule: milliseconds for
  /// 100,000, so ask from the control thread.
  [[nodiscard]] RouteExplanation explain(const RouteFacts& facts, std::size_t losers_max = 10) const;

  /// Ties that the order in the file decides, and rules that can never win; at most `warnings_max`. Two different
  /// regular expressions are taken to match different paths, and a rule counts as shadowed only by one single other.
  [[nodiscard]] std::vector<RouteWarning> warnings(std::size_t warnings_max = 100) const;

  /// Names of the request fields that any rule looks at, each once: with their values the facts of a decision are
  /// complete.
  [[nodiscard]] std::span<const std::string> fields_asked_for() const { return fields_asked_for_; }

  /// MatchRules held, over all routes.
  [[nodiscard]] std::size_t size() const;

 private:
  std::unique_ptr<const RouteIndex> index_;
  std::vector<std::string> fields_asked_for_;
};

}  // namespace weir
