// Counting standings, and what the counts mean.
#include "upstream/availability.h"

#include "base/fault.h"

namespace weir {

std::string_view name_of(EndpointStanding standing) {
  switch (standing) {
    case EndpointStanding::available:
      return "available";
    case EndpointStanding::disabled:
      return "disabled";
    case EndpointStanding::draining:
      return "draining";
    case EndpointStanding::down:
      return "down";
    case EndpointStanding::unchecked:
      return "unchecked";
    case EndpointStanding::ejected:
      return "ejected";
  }
  return "available";
}

std::string_view name_of(AdminState state) {
  switch (state) {
    case AdminState::enabled:
      return "enabled";
    case AdminState::draining:
      return "draining";
    case AdminState::disabled:
      return "disabled";
  }
  return "enabled";
}

void GroupFacts::count(EndpointStanding standing) {
  ++endpoints;
  switch (standing) {
    case EndpointStanding::available:
      return;
    case EndpointStanding::disabled:
      ++disabled;
      return;
    case EndpointStanding::draining:
      ++draining;
      return;
    case EndpointStanding::down:
      ++down;
      return;
    case EndpointStanding::unchecked:
      ++unchecked;
      return;
    case EndpointStanding::ejected:
      ++ejected;
      return;
  }
}

namespace {

/// Why some are left out while others serve.
std::string_view why_left_out(const GroupFacts& facts) {
  if (facts.healthy() < facts.allowed()) return "some_left_out";
  if (facts.disabled == 0) return "drained_by_operator";
  return facts.draining == 0 ? "disabled_by_operator" : "taken_out_by_operator";
}

}  // namespace

GroupVerdict decide(const GroupFacts& facts) {
  if (facts.endpoints == 0) return {GroupUse::nobody, "no_endpoint"};
  if (facts.allowed() == 0) return {GroupUse::nobody, "taken_out_by_operator"};
  if (facts.healthy() == facts.endpoints) return {GroupUse::all, "all_healthy"};
  const std::uint64_t healthy_percent = std::uint64_t{facts.healthy()} * 100;
  const bool forgotten = facts.healthy() == 0 && fault(Fault::panic_forgotten);
  if (!forgotten && healthy_percent < std::uint64_t{facts.panic_below_percent} * facts.allowed()) {
    return {GroupUse::panic, facts.healthy() == 0 ? "none_healthy" : "too_few_healthy"};
  }
  if (facts.healthy() > 0) return {GroupUse::healthy, why_left_out(facts)};
  if (facts.ejected > 0) return {GroupUse::ejected, "only_ejected_left"};
  return {GroupUse::nobody, "none_healthy"};
}

std::string_view name_of(GroupUse use) {
  switch (use) {
    case GroupUse::all:
      return "all";
    case GroupUse::healthy:
      return "healthy";
    case GroupUse::panic:
      return "panic";
    case GroupUse::ejected:
      return "ejected";
    case GroupUse::nobody:
      return "nobody";
  }
  return "all";
}

}  // namespace weir
