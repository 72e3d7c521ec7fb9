// A second try beside one that takes longer than usual.
//
// Problem: one request in a hundred meets a server that just collects garbage, reads a cold disk, or is about to die;
// who asks many servers meets one with nearly every page. Waiting for a timeout helps nobody, and sending everything
// twice doubles the load.
// Idea: when an answer has not begun after the time that, say, 95 of 100 answers take, the same request goes to another
// endpoint as well; the answer that begins first is the answer, the other try is given up and its connection closed
// (Dean and Barroso, "The Tail at Scale", 2013). Only for what may be repeated, and within a budget of its own.
//
// Two decisions, both pure: whether to send the second, and whose answer it is.
#pragma once

#include <optional>
#include <string_view>

#include "http/status.h"
#include "upstream/extra_load.h"

namespace weir {

/// `upstreams.NAME.hedge`
struct HedgeSettings {
  /// After this time ...
  std::optional<Duration> after;
  /// ... or after this percentile of the upstream's own times, in thousandths; 0 with no `after`: never.
  std::uint32_t after_per_mille = 0;
  /// A tail is some percent of the traffic; when all of it is slow, more requests are no help.
  Share share = percent(5);

  [[nodiscard]] BudgetSettings budget() const { return {.share = share, .per_second_min = 0}; }
  [[nodiscard]] bool on() const { return after || after_per_mille > 0; }
};

/// Of an exchange whose try has not been answered in the usual time.
struct HedgeFacts {
  bool other_endpoint = false;
  bool body_held = true;        ///< there is none, or all of it is kept
  bool upload_running = false;  ///< the first try still sends
  unsigned attempts_made = 1;
  unsigned attempts_max = 1;
  BudgetFacts budget{};
};

struct HedgeVerdict {
  bool send = false;
  std::string_view reason;  ///< static
};

/// Pure.
HedgeVerdict decide(const HedgeFacts& facts);

/// Where two tries stand when one of them is over.
struct RaceFacts {
  struct Lane {
    bool over = false;
    Status status = 0;  ///< of its answer; 0: it failed, or is not over
  };
  Lane first;
  Lane second;
};

enum class RaceOutcome : std::uint8_t { wait, first, second };

struct RaceVerdict {
  RaceOutcome outcome = RaceOutcome::wait;
  std::string_view reason;  ///< static
};

/// Pure. A server that fails fast must not win against one that is still at work: an answer of 500 and above counts
/// only when there is no other.
RaceVerdict decide(const RaceFacts& facts);
/// "waits", "first", "second".
std::string_view name_of(RaceOutcome outcome);

}  // namespace weir
