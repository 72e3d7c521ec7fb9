// Which limits of a fleet are decided by an owner, and what a request of such a limit is decided from. Pure.
//
// Problem: a ratio is corrected every 20 ms and holds what comes to each machine by chance: of 5 a second it lets
// through none or ten. Small limits, and those of which each request takes a large part, need an account that is asked.
// Idea: each key has an owner among the members, by rendezvous hashing (election.h). The owner decides by its own
// ledger, as if all requests of the key had come to it; the others ask it (asker.h). Who gets no answer gives out a
// share of the limit instead: that of one member of so many.
//
// When is a limit small? Chance moves what a ratio lets through in a second by 3 sqrt(delay * L), where L is the
// requests that the limit allows in a second and the delay is that from a change to its ratio (error_bound.h). From
// L = 9 * delay / e^2 down that is more than the part e of a limit: with 42 ms and 6 %, below 105 requests a second.
//
// Invariants
//   (1) While one member is taken for the owner, a key spends at most burst + t * limit / window in any time t.
//   (2) Shares of all members together: at most t * limit / window + members * their burst.
#pragma once

#include <cstdint>
#include <string_view>

#include "filters/limit/budget.h"

namespace weir::limit {

/// Whether an owner decides.
enum class Owner : std::uint8_t { automatic, always, never };

namespace fleet {

/// The part of a limit by which chance may move a second before an owner decides instead.
inline constexpr double owned_error = 0.06;

/// Requests a second from which on a ratio is good enough.
double owned_below();
/// \param cost  what a request usually costs
bool is_owned(Owner owner, const Budget& whole, std::uint64_t cost);

/// What one of so many members gives out while no owner answers; each lets a request through at once.
/// \param cost_most  what a request may cost at most
Budget share_budget(const Budget& whole, std::size_t members, std::uint64_t cost_most);

/// For how long an owner's refusal is believed: until it would not refuse any more, and at least an interval where the
/// bucket keeps what meanwhile comes in, so that a flood asks seldom and loses nothing.
Duration believed_for(const Budget& whole, Duration wait);

/// Where the verdict about a request comes from.
enum class OwnedSource : std::uint8_t {
  asked,           ///< the owner has decided about this request
  refused_lately,  ///< the owner has said that nothing of this key passes before now
  late,            ///< no answer within the budget of time
  lost,            ///< there is nobody who could be asked, or who may decide
};
std::string_view name_of(OwnedSource source);
inline constexpr std::size_t owned_sources = static_cast<std::size_t>(OwnedSource::lost) + 1;

/// \pre trivially copyable: stands in decision records
struct OwnedFacts {
  OwnedSource source = OwnedSource::lost;
  BudgetVerdict said{};  ///< by the owner, where it decided
  // Of the share that this member gives out where it did not:
  Time now{};
  std::uint64_t cost = 1;
  std::uint64_t state = 0;
};

struct OwnedVerdict {
  BudgetVerdict verdict;
  std::string_view reason;  ///< static
};

/// Whether the owner decided, now or before.
constexpr bool owner_decides(OwnedSource source) {
  return source == OwnedSource::asked || source == OwnedSource::refused_lately;
}

/// \param share  share_budget() of the rule
OwnedVerdict decide_owned(const Budget& share, const OwnedFacts& facts);

}  // namespace fleet
}  // namespace weir::limit
