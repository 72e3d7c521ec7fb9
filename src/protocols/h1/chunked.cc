// The state machine of chunked.h.
//
// Idea: a size line is judged when it is whole, whether it came in one piece or in fifty, so that how bytes were cut
// cannot change what they mean. The trailer section is read by the reader of heads.
#include "protocols/h1/chunked.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "http/characters.h"
#include "http/trailers.h"
#include "protocols/h1/head_parser.h"

namespace weir::h1 {
namespace {

/// 16 hexadecimal digits are 64 bits; more could only be leading zeros or an overflow.
constexpr std::size_t size_digits_max = 16;

Code trailer_code(Code head_code) {
  switch (head_code) {
    case Code::head_too_large:
    case Code::field_too_large:
    case Code::too_many_fields:
      return Code::trailer_too_large;
    case Code::bare_line_feed:
      return Code::bare_line_feed;
    default:
      return Code::bad_trailer;
  }
}

/// \param line  without its CRLF
/// \returns  no white space, no sign, no prefix: digits, then the end or an extension (which means nothing here)
Result<std::uint64_t> parse_size_line(std::string_view line, Origin sender) {
  std::uint64_t size = 0;
  std::size_t digits = 0;
  for (; digits < line.size(); ++digits) {
    const int digit = text::hex_value(line[digits]);
    if (digit < 0) break;
    if (digits == size_digits_max) return fail(Code::bad_chunk_size, sender);
    size = size * 16 + static_cast<std::uint64_t>(digit);
  }
  if (digits == 0) return fail(Code::bad_chunk_size, sender);
  if (digits == line.size()) return size;
  if (line[digits] != ';') return fail(Code::bad_chunk_size, sender);
  const char* const end = line.data() + line.size();
  if (characters::find_control(line.data() + digits, end) != end) return fail(Code::bad_chunk_extension, sender);
  return size;
}

}  // namespace

Result<ChunkedReader::Step> ChunkedReader::next(std::span<char> bytes) {
  Step step;
  while (step.consumed < bytes.size() && state_ != State::done) {
    const std::span<char> rest = bytes.subspan(step.consumed);
    if (state_ == State::data) {
      if (!step.data.empty()) return step;  // one run of data a step
      const auto run = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_remaining_, rest.size()));
      step.data = {rest.data(), run};
      step.consumed += run;
      chunk_remaining_ -= run;
      if (chunk_remaining_ == 0) state_ = State::data_end;
      continue;
    }
    TRY(const std::size_t consumed, state_ == State::size_line  ? read_size_line(rest)
                                    : state_ == State::data_end ? read_data_end(rest)
                                                                : read_trailer(rest));
    step.consumed += consumed;
  }
  step.end = state_ == State::done;
  return step;
}

/// \returns how many bytes were taken; the line may go on in the next arrival
Result<std::size_t> ChunkedReader::read_size_line(std::span<char> bytes) {
  const auto line_max = static_cast<std::size_t>(std::min<ByteCount>(limits_.chunk_line_bytes, 1 * mebibyte)) + 2;
  const std::size_t window = std::min(bytes.size(), line_max - partial_.size());
  const void* const feed = std::memchr(bytes.data(), '\n', window);
  if (feed == nullptr) {
    if (partial_.size() + window == line_max) return fail(Code::chunk_line_too_long, sender_);
    partial_.append(bytes.data(), window);
    return window;
  }
  const std::size_t taken = static_cast<std::size_t>(static_cast<const char*>(feed) - bytes.data()) + 1;
  std::string_view line(bytes.data(), taken);
  if (!partial_.empty()) line = partial_.append(line);
  if (!line.ends_with("\r\n")) return fail(Code::bare_line_feed, sender_);
  line.remove_suffix(2);
  TRY(chunk_remaining_, parse_size_line(line, sender_));
  partial_.clear();
  state_ = chunk_remaining_ == 0 ? State::trailer : State::data;
  return taken;
}

Result<std::size_t> ChunkedReader::read_data_end(std::span<char> bytes) {
  const char wanted = partial_.empty() ? '\r' : '\n';
  if (bytes[0] != wanted) return fail(bytes[0] == '\n' ? Code::bare_line_feed : Code::bad_chunk_end, sender_);
  if (wanted == '\r') {
    partial_ = "\r";
  } else {
    partial_.clear();
    state_ = State::size_line;
  }
  return 1;
}

Result<std::size_t> ChunkedReader::read_trailer(std::span<char> bytes) {
  const auto before = partial_.size();
  if (before == 0 && bytes.size() >= 2 && bytes[0] == '\r' && bytes[1] == '\n') {  // nearly always
    state_ = State::done;
    return 2;
  }
  const auto section_max = static_cast<std::size_t>(std::min<ByteCount>(limits_.trailer_bytes, 1 * mebibyte));
  const std::size_t window = std::min(bytes.size(), std::max<std::size_t>(section_max, 2) - before);
  partial_.append(bytes.data(), window);
  const Result<std::size_t> length = parse_field_section(partial_, section_max, limits_, sender_, trailers_);
  if (!length) return fail(trailer_code(length.error().code), sender_);
  if (*length == 0) return window;
  for (Field& field : trailers_.lines()) {
    if (!may_trail(field)) return fail(Code::bad_trailer, sender_);
    field.name = trailers_.arena().copy(field.name);
    field.value = trailers_.arena().copy(field.value);
  }
  partial_.clear();
  state_ = State::done;
  return *length - before;
}

}  // namespace weir::h1
