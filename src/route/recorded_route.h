// The facts of a route decision as bytes, so that a story can be asked again which route it takes.
//
// Problem: what the router looked at is borrowed from the request, and filters change the request afterwards.
// Idea: at the moment of the decision everything the router may look at is copied, one thing after the other: of the
// fields only those that some rule asks for. Requests are small; one that is not (a path of kilobytes) keeps its story
// but not these facts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "route/router.h"

namespace weir {

/// \param fields_asked_for  of the router that decided
/// \returns  bytes in the arena; empty when they would be more than recorded_route_bytes_max
std::string_view pack(const RouteFacts& facts, std::span<const std::string> fields_asked_for, Arena& arena);

/// What pack() was given. Views into `bytes`; the fields live in the arena.
/// \param fields_asked_for  as for pack(). \returns  nothing when the bytes are not what pack() made with these names
std::optional<RouteFacts> unpack_route_facts(std::string_view bytes, std::span<const std::string> fields_asked_for,
                                             Arena& arena);

inline constexpr std::size_t recorded_route_bytes_max = 2048;

}  // namespace weir
