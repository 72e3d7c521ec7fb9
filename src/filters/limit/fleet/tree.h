// Who reports to whom, so that nobody serves more than a few others however large the fleet is.
//
// Problem: whoever keeps an account for all hears from all; with 256 members that is some 18,000 messages a second, and
// it grows with the fleet.
// Idea: up to 33 members report to the aggregator itself. A larger fleet is divided, for each slot anew, into as many
// groups as each has members: in each a collector adds up what its group reports and passes on what the aggregator
// says. So the largest fleet there is, 1,024, has 32 groups of 32, and no member ever serves more than 32 others in a
// seat.
//
// The order of a slot (election.h) is dealt out to the groups in turn. The first of it are candidates for the
// aggregator; collectors are taken from the end of it, so that one member seldom does both.
#pragma once

#include <cstddef>
#include <vector>

#include "base/units.h"
#include "filters/limit/fleet/election.h"

namespace weir::limit::fleet {

/// Most members that one serves in one seat.
inline constexpr std::size_t fan_in_max = 32;
/// How many of an order may take a seat, one after the other.
inline constexpr std::size_t candidates_max = 5;

/// What a member has to know of a slot.
struct Seats {
  std::vector<MemberNumber> aggregators;  ///< who may be the aggregator, in order
  std::vector<MemberNumber>
      collectors;  ///< who may be the collector of its group, in order; empty: there are no groups
};

Seats seats_of(const Election& election, std::uint64_t slot, MemberNumber member);

/// For how long a collector gathers before it passes on: 5 ms, and longer with more than 16 groups, so that an
/// aggregator does not hear more from many groups than from few.
Duration breath_of(std::size_t members);

/// Members of the largest group; all of them where there are no groups.
std::size_t group_members_max(std::size_t members);

}  // namespace weir::limit::fleet
