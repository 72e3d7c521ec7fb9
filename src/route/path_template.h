// Text with places for what the groups of a regular expression matched: `/products/$1`.
//
// Problem: `rewrite` and `redirect` both put captured text into a target, and must mean the same by it.
// Idea: the text is taken apart once, when the configuration is read; what is left for a request is one copy into the
// arena. Which characters the text may hold, and what the result must be, is for those who use it to say.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "route/match.h"

namespace weir {

class PathTemplate {
 public:
  PathTemplate() = default;

  /// \param text  literal text with $1 to $9 for what the groups matched and $$ for a dollar sign
  /// \returns  or a sentence for a person
  static std::expected<PathTemplate, std::string> parse(std::string_view text);

  /// The highest group it asks for; 0 when it is plain text.
  [[nodiscard]] std::size_t groups() const { return groups_; }
  /// A sentence for a person when the expression lacks a group that is asked for; else empty.
  [[nodiscard]] std::string complaint_about(const PathRegex& regex) const;

  [[nodiscard]] std::string_view fill(const Captures& captures, Arena& arena) const;

 private:
  /// Text, or what a group matched.
  struct Piece {
    std::string text;
    std::size_t group = 0;  ///< 0: the text
  };

  std::vector<Piece> pieces_;
  std::size_t groups_ = 0;
};

}  // namespace weir
