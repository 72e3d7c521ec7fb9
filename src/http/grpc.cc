// The tables and the escapes.
#include "http/grpc.h"

#include "base/text.h"

namespace weir {

bool is_grpc(std::string_view content_type) {
  constexpr std::string_view name = "application/grpc";
  if (content_type.size() < name.size() || !text::equal_ignoring_case(content_type.substr(0, name.size()), name))
    return false;
  return content_type.size() == name.size() || std::string_view("+; \t").contains(content_type[name.size()]);
}

GrpcStatus grpc_status_of(Status status) {
  switch (status) {
    case 400:
      return GrpcStatus::internal;
    case 401:
      return GrpcStatus::unauthenticated;
    case 403:
      return GrpcStatus::permission_denied;
    case 404:
      return GrpcStatus::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return GrpcStatus::unavailable;
    default:
      return GrpcStatus::unknown;
  }
}

std::string grpc_message_of(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7E && c != '%') {
      escaped += c;
    } else {
      escaped += '%';
      escaped += digits[byte >> 4U];
      escaped += digits[byte & 0x0FU];
    }
  }
  return escaped;
}

}  // namespace weir
