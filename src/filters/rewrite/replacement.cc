// What a replacement may hold, and how it is applied.
#include "filters/rewrite/replacement.h"

#include <algorithm>

#include "http/characters.h"

namespace weir {
namespace {

bool is_path_character(char c) {
  return characters::is_visible(c) && c != '?' && c != '#' && c != '\\';
}

}  // namespace

std::expected<Replacement, std::string> Replacement::parse(const std::string& pattern, std::string_view to) {
  auto regex = PathRegex::parse(pattern);
  if (!regex) return std::unexpected(text_of(regex.error()));
  if (!std::ranges::all_of(to, is_path_character)) {
    return std::unexpected("only a path can stand here: no query, fragment, backslash, space or control character");
  }
  auto made = PathTemplate::parse(to);
  if (!made) return std::unexpected(std::move(made.error()));
  if (std::string complaint = made->complaint_about(**regex); !complaint.empty()) {
    return std::unexpected(std::move(complaint));
  }
  return Replacement(std::move(*regex), std::move(*made));
}

std::optional<std::string_view> Replacement::apply(std::string_view path, Arena& arena) const {
  const std::optional<Captures> captures = regex_->capture(path, to_.groups());
  if (!captures) return {};
  const std::string_view match = captures->front();
  const auto before = static_cast<std::size_t>(match.data() - path.data());
  return arena.join(path.substr(0, before), to_.fill(*captures, arena), path.substr(before + match.size()));
}

}  // namespace weir
