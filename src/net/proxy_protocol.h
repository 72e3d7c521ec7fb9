// The PROXY protocol: what a proxy that only passes bytes on says first, so that the other side knows whose they are.
//
// Problem: behind a load balancer of layer 4 every connection comes from the balancer. Idea (HAProxy's specification,
// proxy-protocol.txt of 2020/03/05, versions 1 and 2): the connection begins with one short header that names both ends
// of the connection which the sender accepted. Whether one comes is never guessed from the bytes: whoever asks here
// knows that one must come (server/proxy_header.h).
//
// Invariants
//   (1) parse() is pure, and what it says of a beginning it says of all that is longer: split anywhere, it comes to the
//       same.
//   (2) It never asks for more than limits::proxy_header_bytes behind the 16 bytes that say how many come.
//   (3) A header that is not exactly as the specification has it is refused; nothing of it is believed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/address.h"

namespace weir::proxy_protocol {

/// The line of text, and the binary header.
enum class Version : std::uint8_t { v1, v2 };
constexpr std::string_view name_of(Version version) {
  return version == Version::v1 ? "v1" : "v2";
}

/// For whom the sender speaks.
enum class Speaks : std::uint8_t {
  for_itself,  ///< LOCAL: a check of its own; the ends are those of the socket
  for_nobody,  ///< UNKNOWN, UNSPEC, or a kind of address that is of no use here; likewise
  for_client,  ///< the ends are those of the header
};

/// One end of a connection.
struct End {
  IpAddress address;
  std::uint16_t port = 0;
  friend bool operator==(const End&, const End&) = default;
};

struct Header {
  Version version = Version::v1;
  Speaks speaks = Speaks::for_nobody;
  End source;           ///< the client
  End destination;      ///< the address that it connected to
  std::string vectors;  ///< type-length-values behind the addresses (v2), as they came
  friend bool operator==(const Header&, const Header&) = default;
};

/// Of a connection that began with one.
struct Facts {
  Header header;
  End sender;  ///< the other end of the socket
};

// name, and the sentence a person reads. The name is the label of the metric.
#define WEIR_PROXY_HEADER_REFUSALS(X)                                                               \
  X(closed, "the connection was closed before its PROXY header was whole")                          \
  X(timed_out, "the PROXY header did not arrive in time")                                           \
  X(missing, "the connection does not begin with a PROXY header")                                   \
  X(too_long, "the PROXY header is longer than the limit")                                          \
  X(bad_line, "the line of PROXY protocol version 1 is malformed")                                  \
  X(bad_command, "the PROXY header has a version or a command that does not exist")                 \
  X(bad_family, "the PROXY header has an address family or a transport that does not exist")        \
  X(bad_length, "the PROXY header is too short for its addresses")                                  \
  X(bad_vector, "a type-length-value of the PROXY header is malformed, or stands where it may not") \
  X(bad_checksum, "the checksum of the PROXY header is wrong")

enum class Refusal : std::uint8_t {
#define WEIR_PROXY_HEADER_ENUM(name, sentence) name,
  WEIR_PROXY_HEADER_REFUSALS(WEIR_PROXY_HEADER_ENUM)
#undef WEIR_PROXY_HEADER_ENUM
};
inline constexpr std::size_t refusal_count = static_cast<std::size_t>(Refusal::bad_checksum) + 1;
std::string_view name_of(Refusal refusal);
std::string_view sentence_of(Refusal refusal);

struct Parsed {
  enum class State : std::uint8_t { more, whole, refused };
  State state = State::more;
  std::size_t bytes = 0;  ///< of a header that is whole: what stands behind them is not its business
  Header header;
  Refusal why{};
};

/// Reads the header that `first_bytes` begin with, of either version.
Parsed parse(std::string_view first_bytes);

/// As it is sent. `vectors` go into version 2 only. \pre a header of version 1 does not speak for_itself: version 1 has
/// no such thing
std::string compose(const Header& header);

/// The types of vectors that Weir knows (section 2.2).
enum class Type : std::uint8_t {
  alpn = 0x01,
  authority = 0x02,
  crc32c = 0x03,
  noop = 0x04,
  ssl = 0x20,
  ssl_version = 0x21,  // within ssl, as is the next
  ssl_cipher = 0x23,
};
/// What a vector of the type ssl says first (section 2.2.6).
inline constexpr std::uint8_t client_ssl = 0x01;
inline constexpr std::uint8_t client_certificate_on_connection = 0x02;
inline constexpr std::uint8_t client_certificate_in_session = 0x04;

/// Type and length.
inline constexpr std::size_t vector_head_bytes = 3;
/// \pre the value has less than 64 KiB
void append_vector(std::string& vectors, Type type, std::string_view value);
/// Takes the first vector off `vectors`, which must not be empty. \returns false when they are malformed
bool next_vector(std::string_view& vectors, Type& type, std::string_view& value);
/// Whether the sender accepted the connection over TLS: a vector of the type ssl says so.
bool says_tls(const Header& header);

}  // namespace weir::proxy_protocol
