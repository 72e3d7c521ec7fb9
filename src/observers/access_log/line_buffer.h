// The text of a log line on its way into a core's buffer.
//
// Problem: a line has some sixty pieces of a few bytes each. A string looks at its own capacity for each of them, and
// text from outside must be looked through for what JSON escapes: together that was half of what a line cost.
// Idea: a page of fixed size with a cursor. A piece is copied with two stores, and text is looked through sixteen bytes
// at a time where it was copied to, where a look past its beginning is harmless.
//
// Invariants
//   (1) The page never overflows: what does not fit is handed to the string first.
//   (2) There are always sixteen readable bytes before the cursor.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/short_text.h"
#include "base/units.h"

namespace weir {

class LineBuffer {
 public:
  /// \param out  where flush() adds what was appended
  explicit LineBuffer(std::string& out) : out_(out) {}

  void append(std::string_view text) {
    if (text.size() > room()) [[unlikely]]
      return append_behind(text);
    next_ = copy_short(next_, text);
  }
  /// A literal: its size is known when Weir is compiled.
  template <std::size_t Size>
  void append(const char (&literal)[Size]) {
    if (Size - 1 > room()) [[unlikely]]
      return append_behind({literal, Size - 1});
    std::memcpy(next_, literal, Size - 1);
    next_ += Size - 1;
  }
  void append(char c) {
    if (room() == 0) [[unlikely]]
      flush();
    *next_++ = c;
  }
  void append_number(std::uint64_t number);
  /// Seconds with six digits, which is how exact moments are: 0.001250. Less than nothing is nothing.
  void append_seconds(Duration duration);
  /// Quoted, and escaped where JSON wants it.
  void append_json_string(std::string_view text);

  /// Adds all that was appended to `out`.
  void flush();

 private:
  static constexpr std::size_t block = 16;
  static constexpr std::size_t page_bytes = 2048;  // an ordinary line has some 600

  [[nodiscard]] std::size_t room() const { return static_cast<std::size_t>(page_.data() + page_.size() - next_); }
  void append_behind(std::string_view text);

  std::string& out_;
  std::array<char, block + page_bytes> page_{};
  char* next_ = page_.data() + block;
};

}  // namespace weir
