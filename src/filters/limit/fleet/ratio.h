// How much of a hot key's traffic all nodes together may let through: a ratio with a debt.
//
// Problem: a limit of a fleet that is asked for each request costs a hop; one that is divided among nodes refuses where
// traffic is uneven; one that corrects a drop ratio once a second lets ten times the limit through for that second.
// Idea: nodes count, and report every 20 ms. An aggregator keeps one account for each key: the limit comes in, what was
// admitted goes out, and it may go into debt, which is what removes the bias: whatever came too much is paid back by
// what follows. From account and traffic follows one ratio, the same for all nodes. A node lets that part of its
// requests through, evenly rather than by chance: each request adds the ratio to a credit, and who is admitted pays.
//
// Invariants
//   (1) In any time t the fleet admits limit * t + balance before - balance after: at most limit * t + burst + debt.
//   (2) The balance is never above the burst, so a quiet hour gives nobody more than the burst.
//   (3) While traffic stays below the limit and the balance is not negative, the ratio is 1: nobody is refused.
#pragma once

#include <cstdint>

#include "base/units.h"

namespace weir::limit::fleet {

/// How often members report and aggregators settle (facts: 50 small messages a second hold a tenfold step to 1.2).
inline constexpr Duration interval = std::chrono::milliseconds{20};

/// What all nodes together give to a key.
struct Allowance {
  double per_second = 1;
  double burst = 1;
  friend bool operator==(const Allowance&, const Allowance&) = default;
};

/// An aggregator's account of one key. All zeros but the balance: nothing was heard of it.
struct Account {
  double balance = 0;             ///< what may still come at once; negative: a debt
  double offered_per_second = 0;  ///< as estimated
};

/// What was heard of a key since the account was last settled.
struct Heard {
  double offered = 0;   ///< cost of all requests
  double admitted = 0;  ///< cost of those let through
  Duration elapsed{};
};

/// Whether what was heard is more than chance explains, so that nobody should wait for the end of the interval.
bool is_surprise(const Account& account, const Heard& heard);
/// What the account comes to, seen in the middle of an interval, when only some members' reports are there.
Account preview_account(const Allowance& allowance, const Account& account, const Heard& heard);

/// The account after an interval in which so much was heard.
Account settle_account(const Allowance& allowance, const Account& account, const Heard& heard);

/// The part of the traffic that nodes may let through, from 0 to 1.
double ratio_of(const Allowance& allowance, const Account& account);

/// What a core decides a request of a hot key by.
struct ShareFacts {
  double ratio = 1;
  double credit = 0;  ///< of the key on this core
  std::uint64_t cost = 1;
};

struct ShareVerdict {
  bool admitted = false;
  double credit = 0;  ///< afterwards
};

/// Lets `ratio` of what comes through, evenly: of n requests of one cost never more than one from n * ratio.
ShareVerdict decide_share(const ShareFacts& facts);

}  // namespace weir::limit::fleet
