// Taking a template apart and putting it together.
#include "route/path_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace weir {

std::expected<PathTemplate, std::string> PathTemplate::parse(std::string_view text) {
  PathTemplate made;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) made.pieces_.push_back({.text = std::exchange(literal, {})});
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '$') {
      literal += text[at];
      continue;
    }
    const char after = at + 1 < text.size() ? text[++at] : '\0';
    if (after == '$') {
      literal += '$';
    } else if (after >= '1' && after <= '9') {
      end_literal();
      const auto group = static_cast<std::size_t>(after - '0');
      made.pieces_.push_back({.text = {}, .group = group});
      made.groups_ = std::max(made.groups_, group);
    } else {
      return std::unexpected(
          "a dollar sign is followed by a digit from 1 to 9, or by a second dollar sign that stands for one");
    }
  }
  end_literal();
  return made;
}

std::string PathTemplate::complaint_about(const PathRegex& regex) const {
  if (groups_ <= regex.groups()) return {};
  return fmt::format("${} asks for a group that the pattern does not have: it has {}", groups_, regex.groups());
}

std::string_view PathTemplate::fill(const Captures& captures, Arena& arena) const {
  const auto text_of = [&](const Piece& piece) {
    return piece.group == 0 ? std::string_view(piece.text) : captures[piece.group];
  };
  std::size_t bytes = 0;
  for (const Piece& piece : pieces_) bytes += text_of(piece).size();
  const std::span<char> memory = arena.make_array<char>(bytes);
  char* next = memory.data();
  for (const Piece& piece : pieces_) {
    const std::string_view text = text_of(piece);
    if (!text.empty()) std::memcpy(next, text.data(), text.size());
    next += text.size();
  }
  return {memory.data(), memory.size()};
}

}  // namespace weir
