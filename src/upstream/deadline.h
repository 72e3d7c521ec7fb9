// Telling an upstream how much time is left, so that it does not work on what nobody will wait for.
//
// Two ways to say it, both relative, since clocks differ: a field of the configuration's choice with whole milliseconds
// (`deadline_field`; what Envoy says in x-envoy-expected-rq-timeout-ms), and, for gRPC, grpc-timeout, which only ever
// becomes shorter on its way (the gRPC protocol over HTTP/2, "Requests").
#pragma once

#include <optional>
#include <string_view>

#include "base/arena.h"
#include "base/units.h"
#include "http/message.h"

namespace weir {

/// `head`, or a copy of it in the arena that says how much is left. Pure.
/// \param left   until the exchange is given up; no_limit: nothing is said, and what the client said stays
/// \param field  lower case; empty: only gRPC is told
const RequestHead* tell_time_left(const RequestHead& head, Duration left, std::string_view field, Arena& arena);

/// `100m` is a tenth of a second, `3S` are three. Nothing when it is no grpc-timeout.
std::optional<Duration> parse_grpc_timeout(std::string_view text);

}  // namespace weir
