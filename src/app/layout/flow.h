// One line of YAML behind its indentation: where its comment begins, and its blanks put right.
#pragma once

#include <string>
#include <string_view>

namespace weir::layout {

/// How far a text has opened what the next line goes on with.
struct Open {
  int brackets = 0;   ///< [ and { not closed yet
  char quote = '\0';  ///< ' or " not closed yet

  [[nodiscard]] bool any() const { return brackets > 0 || quote != '\0'; }
  friend bool operator==(const Open&, const Open&) = default;
};

/// A line in two.
struct Halves {
  std::string_view code;     ///< without blanks at its end
  std::string_view comment;  ///< from the #, or empty
};

/// Parts code from comment, and follows quotes and brackets from `open` on.
Halves halves_of(std::string_view line, Open& open);

/// `key:   {a: b,c:[d ]}` as `key: { a: b, c: [d] }`. \param open  as it is at the beginning of the line
std::string with_blanks_right(std::string_view code, Open open);

}  // namespace weir::layout
