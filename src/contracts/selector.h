// The name of a value of an exchange: one grammar for everything that asks for one (templates; keys of limits and
// balancers, log fields).
//
//   client_address   host   method   path   query   scheme   request_id   route   user
//   { header: x-user }   { cookie: sid }   { query: q }   { path_segment: 2 }
//
// In running text the same is written without braces of its own: `header: x-user`.
//
// Invariants
//   (1) A value is what the request says, percent-escapes of query parameters resolved, and nothing else is done to it:
//       whoever puts it somewhere escapes it for there.
//   (2) What is not there is the empty text.
//   (3) `user` is whom a filter in front has verified, never what a client says about itself.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "contracts/exchange.h"
#include "contracts/option_type.h"
#include "contracts/rehearsal.h"

namespace weir {

/// What values are taken from.
struct SelectorFacts {
  const RequestHead& request;
  const ClientAddress& client;
  std::string_view scheme;
  std::string_view request_id;
  std::string_view route;
  std::string_view user{};  ///< whom a filter has verified
};
inline SelectorFacts selector_facts(const Exchange& exchange) {
  return {.request = exchange.request,
          .client = exchange.client,
          .scheme = exchange.connection.scheme(),
          .request_id = exchange.request_id,
          .route = exchange.route_name,
          .user = exchange.user};
}
inline SelectorFacts selector_facts(const ImaginedRequest& imagined) {
  return {.request = imagined.head,
          .client = imagined.client,
          .scheme = imagined.scheme,
          .request_id = {},
          .route = imagined.route,
          .user = imagined.user};
}

class Selector {
 public:
  enum class Kind : std::uint8_t {
    client_address,
    host,
    method,
    path,
    whole_query,
    scheme,
    request_id,
    route,
    user,
    header,
    cookie,
    query,
    path_segment,
  };

  /// `client_address`, `header: x-user`. \returns  or a sentence for a person
  static std::expected<Selector, std::string> parse(std::string_view text);
  /// The same by the name of a map's only member. \param argument  `x-user`
  static std::expected<Selector, std::string> make(std::string_view kind, std::string_view argument);

  /// A view of the facts, or of a copy in the arena.
  [[nodiscard]] std::string_view value(const SelectorFacts& facts, Arena& arena) const;

  [[nodiscard]] Kind kind() const { return kind_; }
  /// As parse() takes it.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const Selector&, const Selector&) = default;

 private:
  Kind kind_ = Kind::client_address;
  std::string argument_;       // lower case for fields
  std::uint32_t segment_ = 0;  // from 1
};

template <>
struct OptionType<Selector> {
  static std::string name() { return "selector"; }
  static bool read(const Node& node, const Reading& at, Selector& out);
  static std::string shown(const Selector& value) { return value.text(); }
};

}  // namespace weir
