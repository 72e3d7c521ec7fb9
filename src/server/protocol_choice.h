// Which protocol a client speaks, from the first it says.
//
// Problem: on one address there are clients of HTTP/1 and clients that know beforehand that HTTP/2 is spoken here (RFC
// 9113 section 3.3); the parser of HTTP/1 must not become less strict for the sake of the others. Idea: HTTP/2 begins
// with 24 bytes that were chosen to be no request of HTTP/1. They are looked for before any parser is asked; whoever
// begins otherwise, by one byte, speaks HTTP/1.
#pragma once

#include <optional>

#include "contracts/session.h"

namespace weir {

/// RFC 9113 section 3.4.
inline constexpr std::string_view http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What the first bytes say. Pure.
enum class Opening : std::uint8_t { undecided, http1, http2 };
Opening opening_of(std::string_view first_bytes);

/// What is spoken whatever the first bytes are: over TLS what ALPN agreed on (RFC 9113 section 3.2), without it HTTP/1
/// where HTTP/2 is off. Nothing: they decide. Pure.
std::optional<Opening> settled(const ConnectionFacts& facts);

class ProtocolChoice final : public ServerProtocol {
 public:
  ProtocolChoice(const ServerProtocol& http1, const ServerProtocol& http2) : http1_(http1), http2_(http2) {}

  Task<void> serve(ServerContext& context, Inbox& inbox) const override;

 private:
  const ServerProtocol& http1_;
  const ServerProtocol& http2_;
};

}  // namespace weir
