// The template taken apart, and the one place here that calls RE2.
#include "filters/rewrite/replacement.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "base/text.h"
#include "http/characters.h"

namespace weir {
namespace {

/// $1 to $9, and the whole match in front of them.
constexpr std::size_t groups_max = 10;

/// Text, or what a group matched.
struct Piece {
  std::string text;
  std::size_t group = 0;  ///< 0: the text
};

std::expected<std::vector<Piece>, std::string> take_apart(std::string_view to) {
  std::vector<Piece> pieces;
  std::string text;
  for (std::size_t at = 0; at < to.size(); ++at) {
    const char c = to[at];
    if (!characters::is_visible(c) || c == '?' || c == '#' || c == '\\') {
      return std::unexpected("only a path can stand here: no query, fragment, backslash, space or control character");
    }
    if (c != '$') {
      text += c;
      continue;
    }
    const char after = at + 1 < to.size() ? to[++at] : '\0';
    if (after == '$') {
      text += '$';
    } else if (after >= '1' && after <= '9') {
      pieces.push_back({.text = std::move(text)});
      text.clear();
      pieces.push_back({.text = {}, .group = static_cast<std::size_t>(after - '0')});
    } else {
      return std::unexpected(
          "a dollar sign is followed by a digit from 1 to 9, or by a second dollar sign that stands for one");
    }
  }
  pieces.push_back({.text = std::move(text)});
  return pieces;
}

}  // namespace

struct Replacement::Parts {
  explicit Parts(const std::string& pattern) : expression(pattern, RE2::Quiet) {}

  RE2 expression;
  std::vector<Piece> to;
  std::size_t groups = 1;  ///< asked of RE2: it is quicker when fewer are wanted
};

Replacement::Replacement(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Replacement::Replacement(Replacement&&) noexcept = default;
Replacement& Replacement::operator=(Replacement&&) noexcept = default;
Replacement::~Replacement() = default;

std::expected<Replacement, std::string> Replacement::parse(const std::string& pattern, std::string_view to) {
  auto parts = std::make_unique<Parts>(pattern);
  if (!parts->expression.ok())
    return std::unexpected("the regular expression is malformed: " + parts->expression.error());
  auto pieces = take_apart(to);
  if (!pieces) return std::unexpected(std::move(pieces.error()));
  const auto there = static_cast<std::size_t>(parts->expression.NumberOfCapturingGroups());
  for (const Piece& piece : *pieces) {
    if (piece.group > there) {
      return std::unexpected(
          fmt::format("${} asks for a group that the pattern does not have: it has {}", piece.group, there));
    }
    parts->groups = std::max(parts->groups, piece.group + 1);
  }
  parts->to = std::move(*pieces);
  return Replacement(std::move(parts));
}

std::optional<std::string_view> Replacement::apply(std::string_view path, Arena& arena) const {
  std::array<re2::StringPiece, groups_max> found;
  const re2::StringPiece whole(path.data(), path.size());
  if (!parts_->expression.Match(whole, 0, path.size(), RE2::UNANCHORED, found.data(),
                                static_cast<int>(parts_->groups))) {
    return {};
  }
  const auto text_of = [&](const Piece& piece) {
    const re2::StringPiece& group = found[piece.group];
    return piece.group == 0 ? std::string_view(piece.text) : std::string_view(group.data(), group.size());
  };
  const auto before = static_cast<std::size_t>(found[0].data() - path.data());
  const std::size_t after = before + found[0].size();
  std::size_t bytes = path.size() - found[0].size();
  for (const Piece& piece : parts_->to) bytes += text_of(piece).size();

  const std::span<char> memory = arena.make_array<char>(bytes);
  char* next = memory.data();
  const auto append = [&](std::string_view text) {
    if (!text.empty()) std::memcpy(next, text.data(), text.size());
    next += text.size();
  };
  append(path.substr(0, before));
  for (const Piece& piece : parts_->to) append(text_of(piece));
  append(path.substr(after));
  return std::string_view(memory.data(), memory.size());
}

}  // namespace weir
