// Taking a target apart, and putting a location together.
#include "route/redirect_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/block_pool.h"
#include "http/characters.h"
#include "http/host.h"
#include "http/path.h"

namespace weir {
namespace {

constexpr Error no_location =
    gateway_error(Code::internal, "what the path's groups make of a redirect's target has no canonical form");

/// What a path may hold and a query takes for a separator or a space.
std::string_view as_query_text(std::string_view captured, Arena& arena) {
  constexpr std::string_view separators = "&+;=";
  std::string text;
  for (const char c : captured) {
    if (separators.contains(c)) {
      text += fmt::format("%{:02X}", c);
    } else {
      text += c;
    }
  }
  return arena.copy(text);
}

Captures as_query_text(Captures captures, Arena& arena) {
  for (std::string_view& captured : captures) {
    if (captured.find_first_of("&+;=") != std::string_view::npos) captured = as_query_text(captured, arena);
  }
  return captures;
}

bool is_location_character(char c) {
  return characters::is_visible(c) && c != '\\' && c != '"' && c != '<' && c != '>';
}

/// What stands behind "http://" or "https://" up to the path; nothing for other texts.
std::optional<std::string_view> authority_in(std::string_view to) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!to.starts_with(scheme)) continue;
    to.remove_prefix(scheme.size());
    return to.substr(0, std::min(to.find_first_of("/?#"), to.size()));
  }
  return {};
}

bool is_authority(std::string_view text) {
  BlockPool pool(1);
  Arena arena(pool);
  return parse_authority(text, arena).has_value();
}

}  // namespace

std::expected<RedirectTarget, std::string> RedirectTarget::parse(std::string_view to) {
  const std::size_t scheme = to.find("://");
  const bool absolute = scheme != std::string_view::npos && !to.starts_with('/');
  const std::size_t path = absolute ? std::min(to.find_first_of("/?#", scheme + 3), to.size()) : 0;
  const std::size_t fragment = std::min(to.find('#', path), to.size());
  const std::size_t question = std::min(to.find('?', path), fragment);

  RedirectTarget target;
  target.origin = to.substr(0, path);
  target.has_query = question != fragment;
  const std::string_view query = target.has_query ? to.substr(question + 1, fragment - question - 1) : "";
  for (const auto& [part, text] : {std::pair(&target.path, to.substr(path, question - path)),
                                   std::pair(&target.query, query), std::pair(&target.fragment, to.substr(fragment))}) {
    auto made = PathTemplate::parse(text);
    if (!made) return std::unexpected(std::move(made.error()));
    *part = std::move(*made);
    target.groups = std::max(target.groups, part->groups());
  }
  return target;
}

Result<std::string_view> RedirectTarget::location(const Captures& captures, const RequestHead& request,
                                                  bool keeps_query, Arena& arena) const {
  std::string_view filled = path.fill(captures, arena);
  if (path.groups() > 0) {
    const auto canonical = canonical_path(filled, arena);
    if (!canonical) return fail(no_location);
    filled = *canonical;
  }
  const bool adds_query = keeps_query && request.has_query;
  const std::string_view joint = !adds_query ? "" : has_query ? "&" : "?";
  return arena.join(origin, filled, has_query ? "?" : "", query.fill(as_query_text(captures, arena), arena), joint,
                    adds_query ? request.query : std::string_view(), fragment.fill(captures, arena));
}

std::string RedirectTarget::complaint_about(const PathRegex& regex) const {
  for (const PathTemplate* part : {&path, &query, &fragment}) {
    if (std::string complaint = part->complaint_about(regex); !complaint.empty()) return complaint;
  }
  return {};
}

std::string_view plain_location(std::string_view to, const RequestHead& request, bool keeps_query, Arena& arena) {
  if (!keeps_query || !request.has_query) return arena.copy(to);
  const std::size_t fragment = std::min(to.find('#'), to.size());
  const bool has_query = to.substr(0, fragment).contains('?');
  return arena.join(to.substr(0, fragment), has_query ? "&" : "?", request.query, to.substr(fragment));
}

TargetComplaint complaint_about_target(std::string_view to, std::string_view shown) {
  if (!std::ranges::all_of(to, &is_location_character)) {
    return {fmt::format("{} holds a character that no URL has", shown), "percent-encode it"};
  }
  if (const auto target = RedirectTarget::parse(to); !target) return {fmt::format("{}: {}", shown, target.error()), ""};
  if (to.starts_with("//")) {
    return {fmt::format("{} begins with two slashes, which browsers take for a host", shown),
            fmt::format("write https:{} or one slash", to)};
  }
  if (to.starts_with('/')) return {};
  const auto authority = authority_in(to);
  if (!authority) {
    return {fmt::format("{} is neither a path nor an absolute URL", shown),
            "write /new, https://example.com/new, or https"};
  }
  if (authority->contains('$')) {
    return {fmt::format("{} would let a request choose the host", shown), "put groups behind the host and a slash"};
  }
  if (is_authority(*authority)) return {};
  return {fmt::format("\"{}\" is no host name or address", *authority), ""};
}

}  // namespace weir
