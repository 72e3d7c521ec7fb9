// Parsing and matching of single patterns; the one place that knows RE2.
#include "route/match.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/block_pool.h"
#include "base/text.h"
#include "http/carrying_field.h"
#include "http/characters.h"
#include "http/path.h"

namespace weir {
namespace {

std::unexpected<MatchError> wrong(MatchFault fault, std::string detail = {}) {
  return std::unexpected(MatchError{fault, std::move(detail)});
}

/// A name is at most 255 bytes (RFC 1035 section 2.3.4).
constexpr std::size_t host_bytes_max = 255;
/// The index keeps the label counts of wildcards in one word (route/index.h).
constexpr std::ptrdiff_t labels_max = 63;

bool is_host_character(char c) {
  return text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '_' || c == '.';
}

/// A name as configured, in the form requests carry: lower case, without trailing dot or brackets.
MatchResult<std::string> parse_host_name(std::string_view name) {
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (name.contains(':')) {
    if (IpAddress::parse(name)) return text::to_lower(name);
    const std::string_view before = name.substr(0, name.rfind(':'));
    const bool looks_like_port = text::parse_decimal(name.substr(before.size() + 1)).has_value();
    return looks_like_port ? wrong(MatchFault::host_with_port) : wrong(MatchFault::host_characters);
  }
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.contains('*')) return wrong(MatchFault::host_star);
  const bool empty_label = name.empty() || name.starts_with('.') || name.ends_with('.') || name.contains("..");
  if (name.size() > host_bytes_max || std::ranges::count(name, '.') >= labels_max) {
    return wrong(MatchFault::host_characters);
  }
  if (empty_label || !std::ranges::all_of(name, is_host_character)) return wrong(MatchFault::host_characters);
  return text::to_lower(name);
}

/// Refuses paths that no request has after http/path.h brought it into its canonical form.
MatchResult<std::string> check_path(std::string_view path, std::string_view written_after) {
  if (!path.starts_with('/')) return wrong(MatchFault::path_start);
  if (path.contains('*')) return wrong(MatchFault::path_star);
  if (path.contains('?') || path.contains('#')) return wrong(MatchFault::path_query);
  BlockPool pool(1);
  Arena arena(pool);
  const Result<std::string_view> canonical = canonical_path(path, arena);
  if (!canonical) return wrong(MatchFault::path_not_canonical);
  const bool never_a_prefix = !written_after.empty() && path.ends_with('/');  // "/a//*"
  if (never_a_prefix) {
    return wrong(MatchFault::path_not_canonical,
                 std::string(canonical->substr(0, canonical->size() - 1)) + std::string(written_after));
  }
  if (*canonical != path) {
    return wrong(MatchFault::path_not_canonical, std::string(*canonical) + std::string(written_after));
  }
  return std::string(path);
}

// ---- the literal beginning of a regular expression ----

/// Whether an alternative at the top level may bypass what stands at the beginning: "^/a|/b". A '|' inside a class or
/// behind an escape counts too; that only costs rank.
bool has_top_level_alternative(std::string_view pattern) {
  int depth = 0;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c == '\\') {
      // \Q quotes parentheses too, so that counting them would go wrong.
      if (at + 1 < pattern.size() && pattern[at + 1] == 'Q') return pattern.contains('|');
      ++at;
    } else if (c == '[') {
      // In a class parentheses do not nest, so that counting them would go wrong.
      return pattern.substr(at).contains('|');
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      --depth;
    } else if (c == '|' && depth == 0) {
      return true;
    }
  }
  return false;
}

std::string read_literal_prefix(std::string_view pattern) {
  if (!pattern.starts_with('^') || has_top_level_alternative(pattern)) return {};
  constexpr std::string_view specials = "^$.[]()|*+?{}";
  std::string literal;
  std::size_t at = 1;
  while (at < pattern.size()) {
    char c = pattern[at];
    if (c == '\\') {
      // Only an escaped mark stands for itself; an escaped letter or digit is a class or an assertion.
      if (at + 1 >= pattern.size() || text::is_alpha(pattern[at + 1]) || text::is_digit(pattern[at + 1])) break;
      c = pattern[++at];
    } else if (specials.contains(c)) {
      break;
    }
    if (!characters::is_visible(c)) break;
    ++at;
    // What may be repeated not at all is no certain beginning.
    if (at < pattern.size() && (pattern[at] == '*' || pattern[at] == '?' || pattern[at] == '{')) break;
    literal += c;
  }
  return literal;
}

}  // namespace

std::string text_of(const MatchError& error) {
  const std::string& detail = error.detail;
  switch (error.fault) {
    case MatchFault::empty:
      return "nothing is written here; leave the option out to match everything";
    case MatchFault::host_characters:
      return "this is not a host name, an address, or \"*.\" and a name";
    case MatchFault::host_with_port:
      return "a host is matched without its port; bind the route to listeners instead";
    case MatchFault::host_star:
      return "'*' may stand for whole labels in front only, as in \"*.example.com\"";
    case MatchFault::path_start:
      return "a path begins with '/'";
    case MatchFault::path_star:
      return "'*' may stand for whole segments at the end only, as in \"/cart/*\"; path_regex can say more";
    case MatchFault::path_query:
      return "a path has no '?' or '#'; the option query matches parameters";
    case MatchFault::path_not_canonical:
      if (detail.empty()) return "no request can have this path: it is refused before routing";
      return "paths are brought into one form before routing; write \"" + detail + "\"";
    case MatchFault::regex_syntax:
      return "the regular expression is not valid: " + detail;
    case MatchFault::method_token:
      return "this is not a method, such as GET";
    case MatchFault::field_name:
      return "this is not a name a header can have";
    case MatchFault::field_taken_out:
      if (detail == "host") return "Host is not matched as a header; write match: { host: ... }";
      return "this header says how a message is carried, and is taken out before routing: no rule can see it";
    case MatchFault::client_block:
      return "this is not an address or a block of addresses, such as 10.0.0.0/8, whose host bits are zero";
  }
  return {};
}

// ---- hosts ----

MatchResult<HostPattern> HostPattern::parse(std::string_view text) {
  if (text.empty()) return wrong(MatchFault::empty);
  if (text == "*") return HostPattern{};
  const bool wildcard = text.starts_with("*.");
  MatchResult<std::string> name = parse_host_name(wildcard ? text.substr(2) : text);
  if (!name) return std::unexpected(std::move(name.error()));
  return HostPattern{wildcard ? Kind::wildcard : Kind::exact, std::move(*name)};
}

bool HostPattern::matches(std::string_view host) const {
  switch (kind) {
    case Kind::any:
      return true;
    case Kind::exact:
      return host == name;
    case Kind::wildcard:
      return host.size() > name.size() + 1 && host.ends_with(name) && host[host.size() - name.size() - 1] == '.';
  }
  return false;
}

std::string HostPattern::text() const {
  if (kind == Kind::any) return "*";
  return kind == Kind::wildcard ? "*." + name : name;
}

// ---- paths ----

struct PathRegex::Engine {
  explicit Engine(const std::string& pattern) : expression(pattern, RE2::Quiet) {}
  RE2 expression;
};

PathRegex::PathRegex(std::string pattern, std::unique_ptr<const Engine> engine)
    : pattern_(std::move(pattern)), literal_prefix_(read_literal_prefix(pattern_)), engine_(std::move(engine)) {}
PathRegex::~PathRegex() = default;

MatchResult<std::shared_ptr<const PathRegex>> PathRegex::parse(std::string_view pattern) {
  if (pattern.empty()) return wrong(MatchFault::empty);
  std::string text(pattern);
  auto engine = std::make_unique<const Engine>(text);
  if (!engine->expression.ok()) return wrong(MatchFault::regex_syntax, engine->expression.error());
  return std::shared_ptr<const PathRegex>(new PathRegex(std::move(text), std::move(engine)));
}

bool PathRegex::matches(std::string_view path) const {
  return RE2::PartialMatch(re2::StringPiece(path.data(), path.size()), engine_->expression);
}

std::optional<Captures> PathRegex::capture(std::string_view path, std::size_t groups_wanted) const {
  std::array<re2::StringPiece, std::tuple_size_v<Captures>> found;
  const re2::StringPiece whole(path.data(), path.size());
  const auto wanted = static_cast<int>(std::min(groups_wanted + 1, found.size()));
  if (!engine_->expression.Match(whole, 0, path.size(), RE2::UNANCHORED, found.data(), wanted)) return {};
  Captures captures;
  std::ranges::transform(found, captures.begin(),
                         [](const re2::StringPiece& piece) { return std::string_view(piece.data(), piece.size()); });
  return captures;
}

std::size_t PathRegex::groups() const {
  return static_cast<std::size_t>(engine_->expression.NumberOfCapturingGroups());
}

MatchResult<PathPattern> PathPattern::parse(std::string_view text) {
  if (text.empty()) return wrong(MatchFault::empty);
  if (text == "/*") return PathPattern{};
  const bool prefix = text.ends_with("/*");
  MatchResult<std::string> path = check_path(prefix ? text.substr(0, text.size() - 2) : text, prefix ? "/*" : "");
  if (!path) return std::unexpected(std::move(path.error()));
  return PathPattern{prefix ? Kind::prefix : Kind::exact, std::move(*path), nullptr};
}

MatchResult<PathPattern> PathPattern::parse_regex(std::string_view text) {
  auto regex = PathRegex::parse(text);
  if (!regex) return std::unexpected(std::move(regex.error()));
  return PathPattern{Kind::regex, {}, std::move(*regex)};
}

bool PathPattern::matches(std::string_view canonical_path) const {
  switch (kind) {
    case Kind::any:
      return true;
    case Kind::exact:
      return canonical_path == path;
    case Kind::prefix:
      return canonical_path.starts_with(path) &&
             (canonical_path.size() == path.size() || canonical_path[path.size()] == '/');
    case Kind::regex:
      return canonical_path.starts_with('/') && regex->matches(canonical_path);
  }
  return false;
}

std::string PathPattern::text() const {
  switch (kind) {
    case Kind::any:
      return "/*";
    case Kind::exact:
      return path;
    case Kind::prefix:
      return path + "/*";
    case Kind::regex:
      return regex->pattern();
  }
  return {};
}

// ---- the rest ----

MatchResult<ValuePattern> ValuePattern::parse_header(std::string_view name, std::optional<std::string_view> value) {
  if (!characters::is_token(name)) return wrong(MatchFault::field_name);
  std::string lower = text::to_lower(name);
  if (carries_request(lower)) return wrong(MatchFault::field_taken_out, std::move(lower));
  return ValuePattern{std::move(lower), std::optional<std::string>(value)};
}

MatchResult<ValuePattern> ValuePattern::parse_query(std::string_view name, std::optional<std::string_view> value) {
  if (name.empty()) return wrong(MatchFault::empty);
  return ValuePattern{std::string(name), std::optional<std::string>(value)};
}

std::string ValuePattern::text(std::string_view separator) const {
  return value ? name + std::string(separator) + *value : name;
}

MatchResult<std::string> parse_method(std::string_view text) {
  if (text.empty()) return wrong(MatchFault::empty);
  if (!characters::is_token(text)) return wrong(MatchFault::method_token);
  return std::string(text);
}

MatchResult<Cidr> parse_client(std::string_view text) {
  const Result<Cidr> block = Cidr::parse(text);
  if (!block) return wrong(MatchFault::client_block);
  return *block;
}

}  // namespace weir
