// Copying and comparing text that is mostly a few dozen bytes long.
//
// Problem: heads, log lines and stories are made of pieces of 4 to 32 bytes, and a call of memcpy or memcmp costs more
// than such a piece does (3 % of a proxied request's user instructions).
// Idea: two halves that may overlap, each a load of a fixed width.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace weir {

/// Copies `text` to `to`, where there must be room; the two must not overlap. \returns  the place behind the copy
inline char* copy_short(char* to, std::string_view text) {
  const char* const from = text.data();
  const std::size_t size = text.size();
  const auto halves = [&]<std::size_t Half>(std::integral_constant<std::size_t, Half>) {
    std::array<char, Half> front;
    std::array<char, Half> back;
    std::memcpy(front.data(), from, Half);
    std::memcpy(back.data(), from + size - Half, Half);
    std::memcpy(to, front.data(), Half);
    std::memcpy(to + size - Half, back.data(), Half);
  };
  if (size > 32) {
    std::memcpy(to, from, size);
  } else if (size >= 16) {
    halves(std::integral_constant<std::size_t, 16>{});
  } else if (size >= 8) {
    halves(std::integral_constant<std::size_t, 8>{});
  } else if (size >= 4) {
    halves(std::integral_constant<std::size_t, 4>{});
  } else {
    for (std::size_t at = 0; at < size; ++at) to[at] = from[at];
  }
  return to + size;
}

/// Whether two texts of the same size are the same.
inline bool equal_short(const char* left, const char* right, std::size_t size) {
  const auto differ = [&]<typename Word>(Word, std::size_t at) {
    Word ours;
    Word theirs;
    std::memcpy(&ours, left + at, sizeof(Word));
    std::memcpy(&theirs, right + at, sizeof(Word));
    return ours ^ theirs;
  };
  using Long = std::uint64_t;
  using Half = std::uint32_t;
  if (size > 16) return std::memcmp(left, right, size) == 0;
  if (size >= 8) return (differ(Long{}, 0) | differ(Long{}, size - 8)) == 0;
  if (size >= 4) return (differ(Half{}, 0) | differ(Half{}, size - 4)) == 0;
  for (std::size_t at = 0; at < size; ++at) {
    if (left[at] != right[at]) return false;
  }
  return true;
}

}  // namespace weir
