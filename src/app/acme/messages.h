// What an authority says in ACME (RFC 8555 section 7.1): its JSON as values, as much of it as an order needs.
//
// Pure, and strict about what is used: an object without what it must have, or with an address that is no URL, is none.
// What is not known is passed over, as section 7.1 wants it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace weir::acme {

struct Directory {
  std::string new_nonce;
  std::string new_account;
  std::string new_order;
  std::string renewal_info;  ///< RFC 9773; empty: not offered
  bool wants_external_account = false;
  std::vector<std::string> profiles;
};

/// Of orders, authorizations and challenges (section 7.1.6); `unknown` is a word that the standard does not know.
enum class Status : std::uint8_t { pending, ready, processing, valid, invalid, deactivated, expired, revoked, unknown };
std::string_view name_of(Status status);

/// RFC 7807, within `error` or as an answer of its own.
struct Problem {
  std::string type;  ///< what follows `urn:ietf:params:acme:error:`; else as it stands; empty: none was given
  std::string detail;
  friend bool operator==(const Problem&, const Problem&) = default;
};
/// `unauthorized: the detail`, of bounded length and printable.
std::string text_of(const Problem& problem);

struct Challenge {
  std::string type;
  std::string url;
  std::string token;  ///< empty where its type has none
  Status status = Status::pending;
  std::optional<Problem> error;
};

struct Authorization {
  std::string name;
  Status status = Status::pending;
  std::vector<Challenge> challenges;
};

struct Order {
  Status status = Status::pending;
  std::vector<std::string> authorizations;  ///< URLs
  std::string finalize;
  std::string certificate;  ///< empty until it is valid
  std::optional<Problem> error;
};

/// When an authority would like a certificate to be renewed (RFC 9773 section 4.2).
struct RenewalWindow {
  WallTime start{};
  WallTime end{};
  std::string explanation;  ///< a URL; may be empty
  friend bool operator==(const RenewalWindow&, const RenewalWindow&) = default;
};

std::optional<Directory> parse_directory(std::string_view json);
std::optional<Authorization> parse_authorization(std::string_view json);
std::optional<Order> parse_order(std::string_view json);
std::optional<Challenge> parse_challenge(std::string_view json);
std::optional<RenewalWindow> parse_renewal_window(std::string_view json);
/// What is none gives an empty one.
Problem parse_problem(std::string_view json);

/// A token as section 8.1 wants it: base64url, not empty, and no longer than limits::acme_token_bytes.
bool is_token(std::string_view text);

}  // namespace weir::acme
