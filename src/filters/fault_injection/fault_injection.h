// Lets requests fail or wait on purpose, so that failures are rehearsed before they happen.
//
// Problem: whether retries, timeouts, fallbacks and clients cope with a slow or failing upstream is found out at night,
// unless somebody tries it by day, on a small part of the traffic.
// Idea: a share of the requests (of those that carry a header, when one is asked for) is held for a time, another share
// is answered with an error, as if the rest of the chain had done so. What stands in front of this filter (a fallback,
// error pages, the log) sees a failure like any other, and the story says that it was a rehearsal.
//
// The draws are facts: the same draws give the same failure again.
#pragma once

#include <optional>
#include <vector>

#include "contracts/option_share.h"
#include "contracts/plugin.h"
#include "contracts/schema.h"
#include "route/match.h"

namespace weir {

struct FaultInjectionOptions {
  struct Delay {
    Duration time = no_limit;
    Share share = percent(100);
    static const Schema<Delay>& schema();
  };
  struct Abort {
    std::uint16_t status = 503;
    Share share = percent(100);
    static const Schema<Abort>& schema();
  };

  std::optional<Delay> delay;
  std::optional<Abort> abort;
  std::vector<ValuePattern> headers;  ///< only requests that carry all of them
  Place place;                        ///< of the rule
  static const Schema<FaultInjectionOptions>& schema();
};

struct FaultFacts {
  bool concerned = true;  ///< carries the headers that are asked for
  Share delay_share;
  Share abort_share;
  std::uint64_t delay_draw = 0;  ///< uniform random bits
  std::uint64_t abort_draw = 0;
};

struct FaultVerdict {
  bool delay = false;
  bool abort = false;
  std::string_view reason;  ///< no_header, outside_share, within_share
};

/// Pure.
FaultVerdict decide_fault(const FaultFacts& facts);
/// "passed", "delayed", "aborted", "delayed_and_aborted".
std::string_view name_of(const FaultVerdict& verdict);

class FaultInjection final : public Filter {
 public:
  explicit FaultInjection(FaultInjectionOptions rule) : rule_(std::move(rule)) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  [[nodiscard]] bool concerns(const RequestHead& request) const;
  [[nodiscard]] FaultFacts facts(const RequestHead& request) const;
  [[nodiscard]] Error abort(Exchange& exchange) const;
  Reply hold(Exchange& exchange, Next next, bool then_abort) const;

  FaultInjectionOptions rule_;
};

const FilterKind& fault_injection_filter();

}  // namespace weir
