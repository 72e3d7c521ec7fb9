// The Authorization field: a scheme, and what belongs to it (RFC 9110 section 11.4, RFC 7617, RFC 6750).
//
// Invariants
//   (1) Two fields are no credentials: the gateway and whoever is behind it might each believe another one.
//   (2) What is given back is never longer than the field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/fields.h"

namespace weir {

struct Authorization {
  enum class Kind : std::uint8_t { none, repeated, malformed, given };
  Kind kind = Kind::none;
  std::string_view scheme;       ///< as written: compare without regard to case
  std::string_view credentials;  ///< behind the scheme; may be empty
};
Authorization read_authorization(const Fields& fields);

struct BasicCredentials {
  enum class Kind : std::uint8_t { none, repeated, malformed, other_scheme, given };
  Kind kind = Kind::none;
  std::string user;
  std::string password;  ///< wipe it when it is no longer needed: crypto::forget()
};
/// User and password of the scheme Basic: base64 of `user:password`, the user without colon or control characters.
BasicCredentials read_basic_credentials(const Fields& fields);

}  // namespace weir
