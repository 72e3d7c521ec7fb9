// What a connection is that is passed on as bytes: without HTTP.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

enum class RawProtocol : std::uint8_t { tcp, tls_passthrough, udp };
constexpr std::string_view name_of(RawProtocol protocol) {
  switch (protocol) {
    case RawProtocol::tcp:
      break;
    case RawProtocol::tls_passthrough:
      return "tls_passthrough";
    case RawProtocol::udp:
      return "udp";
  }
  return "tcp";
}

}  // namespace weir
