// Taking escapes away, and what is refused.
#include "services/files/names.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace weir::files {
namespace {

constexpr std::string_view variable = "$path";

/// The path without its escapes, or nothing when one of them is a slash or a NUL; a view of `path` when it has none.
std::optional<std::string_view> without_escapes(std::string_view path, Arena& arena) {
  if (!path.contains('%')) return path;
  const std::span<char> room = arena.make_array<char>(path.size());
  std::size_t size = 0;
  for (std::size_t at = 0; at < path.size(); ++at) {
    char c = path[at];
    if (c == '%') {
      if (path.size() - at < 3) return {};
      const int high = text::hex_value(path[at + 1]);
      const int low = text::hex_value(path[at + 2]);
      if (high < 0 || low < 0) return {};
      c = static_cast<char>(high * 16 + low);
      if (c == '/' || c == '\0') return {};
      at += 2;
    }
    room[size++] = c;
  }
  return std::string_view(room.data(), size);
}

/// Why these segments may not be asked for; empty when they may.
std::string_view objection_to(std::string_view name, bool dotfiles) {
  constexpr std::string_view well_known = ".well-known";
  if (name.contains('\0')) return "nul_byte";
  if (name.ends_with('/')) return "dot_segment";
  bool first = true;
  while (!name.empty()) {
    const std::string_view segment = name.substr(0, name.find('/'));
    name.remove_prefix(std::min(segment.size() + 1, name.size()));
    if (segment.empty() || segment == "." || segment == "..") return "dot_segment";
    if (segment.starts_with('.') && !dotfiles && !(first && segment == well_known)) return "hidden";
    first = false;
  }
  return {};
}

}  // namespace

std::string Candidate::complaint_about(std::string_view text) {
  const bool with_path = text.starts_with(variable);
  if (!with_path && !text.starts_with('/')) return "begins neither with $path nor with a slash";
  const std::string_view rest = with_path ? text.substr(variable.size()) : text;
  if (rest.contains('$')) return "has $path elsewhere than at its front";
  const std::string segments = "/" + std::string(rest) + "/";
  if (segments.contains("/../") || segments.contains("/./")) return "has a dot segment";
  if (rest.contains('\0')) return "holds a NUL";
  return {};
}

Candidate Candidate::parse(std::string_view text) {
  const bool with_path = text.starts_with(variable);
  return {.with_path = with_path, .rest = std::string(text.substr(with_path ? variable.size() : 1))};
}

NameDecision decide_name(std::string_view path, const Candidate& candidate, bool dotfiles, Arena& arena) {
  std::string_view name = candidate.rest;
  if (candidate.with_path) {
    if (!path.starts_with('/')) return {.reason = "not_a_path"};
    const auto decoded = without_escapes(path.substr(1), arena);
    if (!decoded) return {.reason = "escaped_slash"};
    name = *decoded;
    if (candidate.rest == "/") {
      if (!name.empty() && !name.ends_with('/')) name = arena.join(name, "/");
    } else if (!candidate.rest.empty()) {
      if (name.empty() || name.ends_with('/')) return {.reason = "no_name_to_extend"};
      name = arena.join(name, candidate.rest);
    }
  }
  const bool as_directory = name.empty() || name.ends_with('/');
  if (name.ends_with('/')) name.remove_suffix(1);
  if (const std::string_view objection = objection_to(name, dotfiles); !objection.empty()) {
    return {.reason = objection};
  }
  return {.usable = true, .name = name, .as_directory = as_directory};
}

}  // namespace weir::files
