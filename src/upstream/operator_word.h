// What operators say of an endpoint while the gateway runs, and what becomes of it: a pure function.
//
// Problem: a server must leave for maintenance and come back without a reload and without a failed request; and a slip
// of the hand must not leave an upstream without anybody. Idea: four words. Which of them change something, and which
// would take away the last endpoint, is decided from counts; who is meant, and how it gets to the cores, is somebody
// else's affair (app/process/endpoint_orders.h). HAProxy's words for the same are ready, drain, maint and weight.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/limits.h"
#include "upstream/availability.h"

namespace weir {

enum class EndpointVerb : std::uint8_t {
  drain,    ///< no new requests; those in flight end by themselves
  disable,  ///< no new requests, and those in flight are given up
  enable,   ///< used again; an ejection is over
  weight,   ///< another share than the configured one
};
std::string_view name_of(EndpointVerb verb);
std::optional<EndpointVerb> endpoint_verb(std::string_view name);

struct OrderFacts {
  EndpointVerb verb = EndpointVerb::enable;
  AdminState state = AdminState::enabled;
  bool ejected = false;
  std::uint32_t weight_said = 0;    ///< 0: the configured one holds
  std::uint32_t weight_asked = 0;   ///< 0: the configured one again
  std::uint32_t others_usable = 0;  ///< other endpoints that are well, and not taken out
  bool force = false;               ///< also when it is the last one
};

struct OrderVerdict {
  bool obeyed = false;
  bool changes = false;
  std::string_view reason;  ///< static: "done", "is_so_already", "last_endpoint"
};

/// Pure.
OrderVerdict decide(const OrderFacts& facts);

/// What the state becomes by a verb that is about it.
constexpr AdminState state_after(EndpointVerb verb) {
  if (verb == EndpointVerb::drain) return AdminState::draining;
  return verb == EndpointVerb::disable ? AdminState::disabled : AdminState::enabled;
}

}  // namespace weir
