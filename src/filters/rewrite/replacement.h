// A regular expression and what takes the place of its match.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "route/path_template.h"

namespace weir {

class Replacement {
 public:
  /// \param pattern  RE2 syntax; floats unless it has ^ and $. Only the first match is replaced.
  /// \param to       literal text with $1 ... $9 for what the groups matched and $$ for a dollar sign
  /// \returns  or a sentence for a person: the expression is malformed, there is no such group, a character that no
  /// path has
  static std::expected<Replacement, std::string> parse(const std::string& pattern, std::string_view to);

  /// `path` with its first match replaced, in the arena; nothing when it does not match.
  [[nodiscard]] std::optional<std::string_view> apply(std::string_view path, Arena& arena) const;

 private:
  Replacement(std::shared_ptr<const PathRegex> regex, PathTemplate to) : regex_(std::move(regex)), to_(std::move(to)) {}

  std::shared_ptr<const PathRegex> regex_;
  PathTemplate to_;
};

}  // namespace weir
