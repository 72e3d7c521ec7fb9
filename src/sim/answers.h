// What clients of every protocol have in common: what they ask for, and what an answer's head tells them.
#pragma once

#include <string_view>

#include "sim/ledger.h"

namespace weir::sim {

/// Within this time an announced end must come: the gateway says its end at once and lingers behind it.
inline constexpr Duration announced_end_within = std::chrono::seconds{1};

/// Where the requests of that target go; a number follows.
std::string_view path_of(Target target);

/// What a head tells.
struct Announced {
  bool ours = false;   ///< an origin speaks, and to this request; otherwise the gateway's own words follow
  bool wrong = false;  ///< it should never have come, and has been written down
};
/// Compares the head of an answer with what its request asked for. \pre  the status is in the story
Announced check_answer_head(Ledger& ledger, const Story& story, const Head& head);

/// Whoever waited in vain for 100 (Continue) was not told, or lost.
void check_continue(Ledger& ledger, const Story& story, Time now);

/// The request has found its end; nothing happens when it had one.
void note_outcome(Ledger& ledger, Story& story, Outcome outcome, Time now);

}  // namespace weir::sim
