// What gRPC says in fields (the gRPC protocol over HTTP/2, PROTOCOL-HTTP2.md): whether a message is of gRPC, and how an
// error that is none of the server's is told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace weir {

/// `application/grpc`, or that with `+proto` or another suffix. gRPC-Web is not: `application/grpc-web`.
bool is_grpc(std::string_view content_type);
inline bool is_grpc(const Fields& fields) {
  return is_grpc(fields.get(FieldName::content_type));
}

enum class GrpcStatus : std::uint8_t {
  unknown = 2,
  deadline_exceeded = 4,
  permission_denied = 7,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  unauthenticated = 16,
};

/// What clients of gRPC are to make of a status of HTTP (http-grpc-status-mapping.md). Pure.
GrpcStatus grpc_status_of(Status status);

/// A text as `grpc-message` carries it: what is no printable ASCII, and `%`, as %XX.
std::string grpc_message_of(std::string_view text);

}  // namespace weir
