// Dealing out an order to groups.
#include "filters/limit/fleet/tree.h"

#include <algorithm>

namespace weir::limit::fleet {
namespace {

/// As many as a group then has members.
std::size_t groups_of(std::size_t members) {
  if (members <= fan_in_max + 1) return 1;
  std::size_t groups = 1;
  while (groups * groups < members) ++groups;
  return groups;
}

}  // namespace

Duration breath_of(std::size_t members) {
  constexpr Duration shortest = std::chrono::milliseconds{5};
  constexpr std::int64_t few_groups = 16;
  return std::max(shortest, shortest * static_cast<std::int64_t>(groups_of(members)) / few_groups);
}

std::size_t group_members_max(std::size_t members) {
  const std::size_t groups = groups_of(members);
  return (members + groups - 1) / groups;
}

Seats seats_of(const Election& election, std::uint64_t slot, MemberNumber member) {
  const std::vector<MemberNumber> order = election.order(slot, election.members());
  const std::size_t groups = groups_of(order.size());
  Seats seats;
  seats.aggregators.assign(order.begin(),
                           order.begin() + static_cast<std::ptrdiff_t>(std::min(candidates_max, order.size())));
  if (groups == 1) return seats;
  const auto position = static_cast<std::size_t>(std::ranges::find(order, member) - order.begin());
  for (std::size_t at = position % groups; at < order.size(); at += groups) seats.collectors.push_back(order[at]);
  std::ranges::reverse(seats.collectors);
  if (seats.collectors.size() > candidates_max) seats.collectors.resize(candidates_max);
  return seats;
}

}  // namespace weir::limit::fleet
