// A regular expression and what takes the place of its match.
//
// Idea: the text with its $1 ... $9 is taken apart once; what is left for a request is one linear-time match (RE2) and
// one copy into the arena. The only file of this folder that knows RE2 is replacement.cc.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/arena.h"

namespace weir {

class Replacement {
 public:
  /// \param pattern  RE2 syntax; floats unless it has ^ and $. Only the first match is replaced.
  /// \param to       literal text with $1 ... $9 for what the groups matched and $$ for a dollar sign
  /// \returns  or a sentence for a person: the expression is malformed, there is no such group, a character that no
  /// path has
  static std::expected<Replacement, std::string> parse(const std::string& pattern, std::string_view to);

  Replacement(Replacement&&) noexcept;
  Replacement& operator=(Replacement&&) noexcept;
  ~Replacement();

  /// `path` with its first match replaced, in the arena; nothing when it does not match.
  [[nodiscard]] std::optional<std::string_view> apply(std::string_view path, Arena& arena) const;

 private:
  struct Parts;
  explicit Replacement(std::unique_ptr<const Parts> parts);

  std::unique_ptr<const Parts> parts_;
};

}  // namespace weir
