// The two messages of grpc.health.v1, as gRPC sends them: five bytes in front, then protobuf.
//
// A request has one field, the name of a service (1, text); an answer has one, a status (1, a number). Others may be
// added some day and are passed over, as protobuf demands; what is cut short, compressed or followed by something is no
// message. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::grpc {

/// grpc.health.v1.HealthCheckResponse.ServingStatus
enum class ServingStatus : std::uint8_t { unknown = 0, serving = 1, not_serving = 2, service_unknown = 3 };

/// HealthCheckRequest, framed. \param service  empty: the server as a whole
std::string health_request(std::string_view service);

/// HealthCheckResponse out of its frame; a status that nobody knows (yet) is `unknown`.
/// \param content  all of it \returns  nothing when it is no such message
std::optional<ServingStatus> health_answer(std::string_view content);

}  // namespace weir::grpc
