// Which bytes may stand where in HTTP's text, and the fast ways to find the first that may not.
//
// Idea: one table answers "is this a token character, and what is it in lower case" in one load; the long runs (field
// values, targets) are looked through sixteen bytes at a time. The scans never read past `end`.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.h"

namespace weir::characters {

/// For a token character its lower case, for any other byte 0 (RFC 9110 section 5.6.2: tchar).
inline constexpr std::array<char, 256> lower_token = [] {
  std::array<char, 256> table{};
  for (int byte = 0; byte < 128; ++byte) {
    const char c = static_cast<char>(byte);
    const bool mark = std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    if (mark || text::is_digit(c) || text::is_alpha(c)) table[static_cast<std::size_t>(byte)] = text::lower(c);
  }
  return table;
}();

constexpr char token_lower_of(char c) {
  return lower_token[static_cast<unsigned char>(c)];
}

constexpr bool is_token(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (token_lower_of(c) == 0) return false;
  }
  return true;
}

/// Controls have no place in a field value; the tab has (RFC 9110 section 5.5).
constexpr bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
}

/// Printable ASCII without the space: what a request target is made of.
constexpr bool is_visible(char c) {
  return c > 0x20 && c < 0x7F;
}

/// The first byte in [next, end) that is no token character, or end. Letters, digits and '-', which is what names are
/// made of, go sixteen at a time; the rarer token characters take the table.
inline const char* find_token_end(const char* next, const char* end) {
#ifdef __SSE2__
  const auto in_range = [](__m128i bytes, char below, char above) {
    return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(below)), _mm_cmplt_epi8(bytes, _mm_set1_epi8(above)));
  };
  for (; end - next >= 16; next += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(next));
    const __m128i letter = in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a' - 1, 'z' + 1);
    const __m128i digit = in_range(bytes, '0' - 1, '9' + 1);
    const __m128i good = _mm_or_si128(_mm_or_si128(letter, digit), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
    if (const unsigned found = static_cast<unsigned>(_mm_movemask_epi8(good)); found != 0xFFFFU) {
      next += std::countr_one(found);
      break;
    }
  }
#endif
  while (next != end && token_lower_of(*next) != 0) ++next;
  return next;
}

/// Lowers the letters of [next, end) where they lie. \param readable_end  memory may be read, and written back
/// unchanged, up to here
inline void lower_in_place(char* next, char* end, const char* readable_end) {
#ifdef __SSE2__
  // Sixteen bytes of "yes" and sixteen of "no": loaded at the right offset they say which bytes belong to the name.
  alignas(16) static constexpr std::array<signed char, 32> belongs{-1, -1, -1, -1, -1, -1, -1, -1,
                                                                   -1, -1, -1, -1, -1, -1, -1, -1};
  for (; next < end && readable_end - next >= 16; next += 16) {
    const std::ptrdiff_t left = end - next < 16 ? end - next : 16;
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(next));
    const __m128i ours = _mm_loadu_si128(reinterpret_cast<const __m128i*>(belongs.data() + 16 - left));
    const __m128i upper =
        _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8('A' - 1)), _mm_cmplt_epi8(bytes, _mm_set1_epi8('Z' + 1)));
    const __m128i bit = _mm_and_si128(_mm_and_si128(upper, ours), _mm_set1_epi8(0x20));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(next), _mm_or_si128(bytes, bit));
  }
#endif
  for (; next < end; ++next) *next = text::lower(*next);
}

/// The first control character other than tab in [next, end), or end. Bytes from 0x80 on pass (obs-text).
inline const char* find_control(const char* next, const char* end) {
#ifdef __SSE2__
  const __m128i highest_control = _mm_set1_epi8(0x1F);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7F);
  for (; end - next >= 16; next += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(next));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, highest_control), bytes);
    const __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, del));
    if (const int found = _mm_movemask_epi8(bad); found != 0)
      return next + std::countr_zero(static_cast<unsigned>(found));
  }
#endif
  while (next != end && !is_control(*next)) ++next;
  return next;
}

/// The first byte in [next, end) that is not visible ASCII, or end.
inline const char* find_invisible(const char* next, const char* end) {
#ifdef __SSE2__
  const __m128i space = _mm_set1_epi8(0x20);
  const __m128i del = _mm_set1_epi8(0x7F);
  for (; end - next >= 16; next += 16) {
    // Signed comparison: bytes from 0x80 on are negative and so not above the space.
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(next));
    const __m128i good = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, del), _mm_cmpgt_epi8(bytes, space));
    if (const unsigned found = static_cast<unsigned>(_mm_movemask_epi8(good)); found != 0xFFFFU) {
      return next + std::countr_one(found);
    }
  }
#endif
  while (next != end && is_visible(*next)) ++next;
  return next;
}

}  // namespace weir::characters
