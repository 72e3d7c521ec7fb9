// Numbers, durations and escapes of line_buffer.h.
#include "observers/access_log/line_buffer.h"

#include <fmt/format.h>

#include <algorithm>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.h"

namespace weir {
namespace {

constexpr std::uint64_t microseconds_per_second = 1'000'000;

/// 00 to 99
constexpr auto pairs = [] {
  std::array<char, 200> digits{};
  for (std::size_t at = 0; at < digits.size(); ++at) {
    digits[at] = static_cast<char>('0' + (at % 2 == 0 ? at / 20 : at / 2 % 10));
  }
  return digits;
}();

constexpr bool stands_for_itself(char c) {
  return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/// Whether JSON takes [begin, end) as it is. The sixteen bytes before `end` must be readable, wherever `begin` is.
bool is_plain(const char* begin, const char* end) {
#ifdef __SSE2__
  constexpr std::ptrdiff_t block = 16;
  // One bit for each byte that must be escaped.
  const auto odd_in = [](const char* at) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // Signed comparison: bytes from 0x80 on are negative and so not above.
    const __m128i visible = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(0x1F));
    const __m128i marks = _mm_or_si128(
        _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F))));
    return 0xFFFFU & ~static_cast<unsigned>(_mm_movemask_epi8(_mm_andnot_si128(marks, visible)));
  };
  for (; end - begin >= block; begin += block) {
    if (odd_in(begin) != 0) return false;
  }
  const auto before = static_cast<unsigned>(block - (end - begin));  // bytes of the last block that are not ours
  return odd_in(end - block) >> before == 0;
#else
  return std::all_of(begin, end, stands_for_itself);
#endif
}
static_assert(stands_for_itself(' ') && !stands_for_itself('\x7F'));

}  // namespace

void LineBuffer::append_number(std::uint64_t number) {
  const fmt::format_int text(number);
  append({text.data(), text.size()});
}

void LineBuffer::append_seconds(Duration duration) {
  const auto microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count() / 1000));
  if (microseconds < microseconds_per_second) {
    append('0');
  } else {
    append_number(microseconds / microseconds_per_second);
  }
  std::array<char, 7> fraction{'.'};
  auto rest = static_cast<std::uint32_t>(microseconds % microseconds_per_second);
  for (std::size_t pair = 3; pair-- > 0; rest /= 100) {
    std::memcpy(fraction.data() + 1 + 2 * pair, pairs.data() + std::size_t{2} * (rest % 100), 2);
  }
  append(std::string_view(fraction.data(), fraction.size()));
}

void LineBuffer::append_json_string(std::string_view text) {
  if (text.size() + 2 > room()) flush();
  if (text.size() + 2 <= room()) [[likely]] {
    char* const opening = next_;
    *next_++ = '"';
    next_ = copy_short(next_, text);
    if (is_plain(opening + 1, next_)) [[likely]] {
      *next_++ = '"';
      return;
    }
    next_ = opening;
  }
  flush();
  text::append_json_string(out_, text);
}

void LineBuffer::append_behind(std::string_view text) {
  flush();
  if (text.size() > room()) {
    out_ += text;
    return;
  }
  append(text);
}

void LineBuffer::flush() {
  char* const begin = page_.data() + block;
  out_.append(begin, static_cast<std::size_t>(next_ - begin));
  next_ = begin;
}

}  // namespace weir
