// What a route matches, as a value, and how configuration text becomes that value.
//
// Problem: "/cart/*" must never mean /cartoon, "*.example.com" never example.com, and a typing error must be told to
// the person who made it, not discovered by the request it misses. Idea: every string is parsed once into a pattern
// with a kind; a text that could never match a request (a path that is not canonical, a host with a port) is an error
// that says what to write instead.
//
// Invariants
//   (1) Names of hosts and fields are in lower case, paths canonical (http/path.h): requests arrive in the same form,
//       so that matching compares bytes.
//   (2) "/*" and an absent path are the same pattern, Kind::any; so are "*" and an absent host.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/node.h"
#include "net/address.h"

namespace weir {

enum class MatchFault : std::uint8_t {
  empty,               ///< nothing stands where a pattern should
  host_characters,     ///< something that is not a host name or address
  host_with_port,      ///< ports belong to listeners
  host_star,           ///< '*' stands elsewhere than in front, as "*."
  path_start,          ///< the path does not begin with '/'
  path_star,           ///< '*' stands elsewhere than at the end, as "/*"
  path_query,          ///< '?' or '#' in a path
  path_not_canonical,  ///< no request ever has this path; detail: the form requests have, if there is one
  regex_syntax,        ///< detail: RE2's words
  method_token,        ///< not a token (RFC 9110 section 5.6.2)
  field_name,          ///< not a token
  field_taken_out,     ///< no rule sees it; detail: the name
  client_block,        ///< not an address or block of addresses
};

/// What is wrong with a pattern, for a person. `detail` is empty when the fault says all.
struct MatchError {
  MatchFault fault = MatchFault::empty;
  std::string detail;
};
/// One sentence without the offending value, which the caller quotes: `ports belong to listeners; leave it out`.
std::string text_of(const MatchError& error);

template <typename T>
using MatchResult = std::expected<T, MatchError>;

struct HostPattern {
  enum class Kind : std::uint8_t { any, exact, wildcard };
  Kind kind = Kind::any;
  std::string name;  ///< lower case, no port, no brackets; of a wildcard: what follows "*."

  /// A host name, an address, "*.example.com" (any depth below, not example.com itself) or "*".
  static MatchResult<HostPattern> parse(std::string_view text);
  [[nodiscard]] bool matches(std::string_view host) const;
  [[nodiscard]] std::string text() const;
};

/// What an expression found in a path: the whole match, then $1 to $9. A group that took no part is empty.
using Captures = std::array<std::string_view, 10>;

/// A regular expression over paths. Linear time (RE2); anchored as written: "^/p/" begins, "x$" ends, neither floats.
class PathRegex {
 public:
  static MatchResult<std::shared_ptr<const PathRegex>> parse(std::string_view pattern);
  ~PathRegex();

  /// RE2 takes a shared lock of its own while it matches; only routes with regular expressions meet it.
  [[nodiscard]] bool matches(std::string_view path) const;
  /// The first match and its groups, as views of `path`; nothing when it does not match.
  /// \param groups_wanted  0 to 9; RE2 is quicker when fewer are asked for
  [[nodiscard]] std::optional<Captures> capture(std::string_view path, std::size_t groups_wanted) const;
  [[nodiscard]] std::size_t groups() const;
  [[nodiscard]] const std::string& pattern() const { return pattern_; }
  /// What every matching path begins with; empty when the expression does not begin with '^' or nothing is certain.
  /// It is read off the text, on the safe side: an expression too clever for it ranks as one with a shorter prefix.
  [[nodiscard]] const std::string& literal_prefix() const { return literal_prefix_; }

 private:
  struct Engine;
  PathRegex(std::string pattern, std::unique_ptr<const Engine> engine);

  std::string pattern_;
  std::string literal_prefix_;
  std::unique_ptr<const Engine> engine_;
};

struct PathPattern {
  enum class Kind : std::uint8_t { any, exact, prefix, regex };
  Kind kind = Kind::any;
  std::string path;  ///< of exact: the path; of prefix: without its "/*"
  std::shared_ptr<const PathRegex> regex;

  /// "/cart" is exact; "/cart/*" matches /cart, /cart/ and all below, never /cartoon; "/*" matches everything.
  static MatchResult<PathPattern> parse(std::string_view text);
  static MatchResult<PathPattern> parse_regex(std::string_view text);
  [[nodiscard]] bool matches(std::string_view canonical_path) const;
  [[nodiscard]] std::string text() const;
};

/// A demand on a field or a query parameter: that it is there, or that its first value is exactly this.
struct ValuePattern {
  std::string name;
  std::optional<std::string> value;

  /// Field names are made lower case; an absent value asks for presence.
  static MatchResult<ValuePattern> parse_header(std::string_view name, std::optional<std::string_view> value);
  static MatchResult<ValuePattern> parse_query(std::string_view name, std::optional<std::string_view> value);
  [[nodiscard]] std::string text(std::string_view separator) const;

  friend bool operator==(const ValuePattern&, const ValuePattern&) = default;
};

/// A method as it will stand in the request line; case-sensitive (RFC 9110 section 9.1), so "get" is not GET.
MatchResult<std::string> parse_method(std::string_view text);
MatchResult<Cidr> parse_client(std::string_view text);

/// One map of `match:`. All that is given must hold; an empty list demands nothing.
struct MatchRule {
  HostPattern host;
  PathPattern path;
  std::vector<std::string> methods;   ///< any of them
  std::vector<ValuePattern> headers;  ///< all of them
  std::vector<ValuePattern> queries;  ///< all of them
  std::vector<Cidr> clients;          ///< any of them
  Place place;
};

/// A route as the router sees it.
struct RouteRule {
  std::uint32_t route = 0;               ///< the caller's number for it, given back in decisions
  std::span<const MatchRule> matches;    ///< any may hold, none given matches everything; they stay the caller's, who
                                         ///< keeps them while a router is made of them
  std::vector<std::uint16_t> listeners;  ///< ids it is bound to; empty: every listener
  std::int32_t priority = 0;             ///< higher goes first, whatever else is said
  Place place;
};

}  // namespace weir
