// The facts of a balancer's pick as bytes, so that it can be made again: the turn, the draw, and every endpoint's load.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "contracts/balancer.h"

namespace weir {

/// \returns  bytes in the arena; empty when there are more endpoints than recorded_endpoints_max
std::string_view pack(const PickFacts& facts, Arena& arena);

/// \param endpoints  where the facts' endpoints are put. \returns  nothing when the bytes are not what pack() made
std::optional<PickFacts> unpack_pick_facts(std::string_view bytes, std::vector<EndpointFacts>& endpoints);

/// 12 bytes each. Of larger upstreams a story keeps who was picked and not from what.
inline constexpr std::size_t recorded_endpoints_max = 32;

}  // namespace weir
