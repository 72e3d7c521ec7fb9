// What a TLS client says first, looked at without speaking TLS: the name it wants to reach.
//
// Problem: a gateway that passes TLS on unopened has nothing to choose an upstream by but the ClientHello; that may
// come in any number of segments, cut into records anywhere, and from anybody.
// Idea (RFC 8446 section 4.1.2, RFC 6066 section 3): the bytes that have come are read from their begin each time more
// are there; nothing is kept, nothing is taken. Who stands behind judges the whole message; here it only has to be well
// formed as far as the name is looked for, so that two readers cannot see two names.
//
// Invariants
//   (1) peek() is pure, and what it says of a beginning it says of all that is longer: split anywhere, into segments or
//       into records, it comes to the same.
//   (2) It never asks for more than limits::client_hello_bytes.
//   (3) A name is reported only when it is the only one and a host name: letters, digits, '-', '_' and dots.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tls {

// name, and the sentence a person reads.
#define WEIR_HELLO_REFUSALS(X)                                     \
  X(not_tls, "the connection does not begin with a TLS handshake") \
  X(not_hello, "the first TLS message is no ClientHello")          \
  X(too_long, "the ClientHello is longer than the limit")          \
  X(malformed, "the ClientHello is malformed")                     \
  X(bad_name, "the ClientHello names more than one server, or what is no host name")

enum class HelloRefusal : std::uint8_t {
#define WEIR_HELLO_ENUM(name, sentence) name,
  WEIR_HELLO_REFUSALS(WEIR_HELLO_ENUM)
#undef WEIR_HELLO_ENUM
};
/// Static: an Error may carry it.
const char* sentence_of(HelloRefusal why);

struct ClientHello {
  std::string server_name;             ///< SNI, lower case, without a dot at its end; empty: none was asked for
  std::vector<std::string> protocols;  ///< offered by ALPN (RFC 7301), most wanted first
  friend bool operator==(const ClientHello&, const ClientHello&) = default;
};

struct PeekedHello {
  enum class State : std::uint8_t { more, whole, refused };
  State state = State::more;
  HelloRefusal why{};  ///< when it is refused
  ClientHello hello{};
};

/// \param bytes  what has come, from the first byte of the connection on
PeekedHello peek(std::string_view bytes);

}  // namespace weir::tls
