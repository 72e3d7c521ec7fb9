// Who may be picked: a pure function of what is known of the endpoints of an upstream.
//
// Problem: operators, active checks and outlier detection each know a reason why an endpoint should get no requests,
// and together they may leave nobody; a check that is wrong must not take down what works. Idea: each endpoint has one
// standing, the first of its reasons. The group has a verdict: when too few are healthy, all that operators allow are
// used (panic), visibly. An ejection is a guess, which holds as long as somebody else is left: where nobody is, those
// who are ejected are used also without a panic. What operators said is never overruled.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

/// What operators said.
enum class AdminState : std::uint8_t { enabled, draining, disabled };
/// What active checks say.
enum class CheckState : std::uint8_t { unchecked, up, down };

/// Why an endpoint is used or not: the first that holds.
enum class EndpointStanding : std::uint8_t { available, disabled, draining, down, unchecked, ejected };

constexpr EndpointStanding standing_of(AdminState admin, CheckState checked, bool begins_up, bool ejected) {
  if (admin == AdminState::disabled) return EndpointStanding::disabled;
  if (admin == AdminState::draining) return EndpointStanding::draining;
  if (checked == CheckState::down) return EndpointStanding::down;
  if (checked == CheckState::unchecked && !begins_up) return EndpointStanding::unchecked;
  return ejected ? EndpointStanding::ejected : EndpointStanding::available;
}

/// "available", "draining" ...
std::string_view name_of(EndpointStanding standing);
std::string_view name_of(AdminState state);

/// How many there are of each standing.
struct GroupFacts {
  std::uint32_t endpoints = 0;
  std::uint32_t disabled = 0;
  std::uint32_t draining = 0;
  std::uint32_t down = 0;
  std::uint32_t unchecked = 0;
  std::uint32_t ejected = 0;
  std::uint32_t panic_below_percent = 0;

  void count(EndpointStanding standing);
  /// Those that operators allow.
  [[nodiscard]] std::uint32_t allowed() const { return endpoints - disabled - draining; }
  [[nodiscard]] std::uint32_t healthy() const { return allowed() - down - unchecked - ejected; }
};

enum class GroupUse : std::uint8_t {
  all,      ///< nothing speaks against anybody
  healthy,  ///< some are left out
  panic,    ///< too few are healthy: all that operators allow are used
  ejected,  ///< nobody else is left: those who are ejected are used
  nobody,
};

struct GroupVerdict {
  GroupUse use = GroupUse::all;
  std::string_view reason;  ///< static
};

/// Pure.
GroupVerdict decide(const GroupFacts& facts);
/// "all", "healthy", "panic", "ejected", "nobody".
std::string_view name_of(GroupUse use);

/// Whether an endpoint of that standing is picked in such a group.
constexpr bool may_be_picked(EndpointStanding standing, GroupUse use) {
  if (use == GroupUse::nobody || standing == EndpointStanding::disabled || standing == EndpointStanding::draining)
    return false;
  if (use == GroupUse::ejected && standing == EndpointStanding::ejected) return true;
  return use == GroupUse::panic || standing == EndpointStanding::available;
}

}  // namespace weir
