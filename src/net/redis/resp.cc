// Lines first, then what a line announces.
#include "net/redis/resp.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "base/text.h"

namespace weir::redis {
namespace {

Failure wrong(const char* why) {
  return fail(upstream_error(Code::unexpected_bytes, why));
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return {};
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

bool is_real(std::string_view text) {
  if (text == "inf" || text == "-inf" || text == "nan") return true;
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return false;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error != std::errc::invalid_argument && end == text.data() + text.size();
}

bool is_big_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, &weir::text::is_digit);
}

}  // namespace

bool Value::is_error(std::string_view code) const {
  const std::string_view said = text();
  return is_error() && said.starts_with(code) && (said.size() == code.size() || said[code.size()] == ' ');
}

std::optional<Value> Value::at(std::size_t index) const {
  for (std::uint32_t child = at_ + 1; child < node().end; child = (*nodes_)[child].end) {
    if ((*nodes_)[child].kind == Kind::attribute) continue;
    if (index-- == 0) return Value(*bytes_, *nodes_, child);
  }
  return {};
}

Result<std::size_t> Reader::read(std::string_view unread) {
  while (true) {
    TRY(const bool complete, read_element(unread));
    if (!complete) {
      if (unread.size() >= bytes_max_) return fail(upstream_error(Code::body_too_large));
      return std::size_t{0};
    }
    if (at_ > bytes_max_) return fail(upstream_error(Code::body_too_large));
    if (!whole()) continue;
    const std::size_t bytes = at_;
    reply_.bytes_.assign(unread.substr(0, bytes));
    close_whole();
    return bytes;
  }
}

bool Reader::whole() const {
  return open_.empty() && nodes_[outermost_].kind != Kind::attribute;
}

void Reader::close_whole() {
  reply_.root_ = outermost_;
  reply_.nodes_ = std::move(nodes_);
  nodes_.clear();
  at_ = 0;
}

/// One element from at_ on; false when it is not there as a whole.
Result<bool> Reader::read_element(std::string_view unread) {
  const std::string_view rest = unread.substr(at_);
  if (rest.empty()) return false;
  if (nodes_.size() >= limits::redis_answer_elements) return fail(upstream_error(Code::body_too_large));
  const std::size_t line_end = rest.find_first_of("\r\n");
  if (std::min(line_end, rest.size()) > limits::redis_line_bytes) return wrong("a line of Redis is too long");
  if (line_end == std::string_view::npos) return false;
  if (rest[line_end] == '\n') return wrong("a line of Redis ends in LF without CR");
  if (line_end + 1 == rest.size()) return false;
  if (rest[line_end + 1] != '\n') return wrong("a CR of Redis stands without its LF");
  if (line_end == 0) return wrong("a line of Redis has no type");
  const char type = rest.front();
  const std::string_view line = rest.substr(1, line_end - 1);
  const std::size_t begin = at_ + 1;
  const std::size_t end = at_ + line_end + 2;
  const bool inside = !open_.empty();
  const auto plain = [&](Kind kind, std::int64_t integer = 0) {
    at_ = end;
    const bool has_text = kind == Kind::text || kind == Kind::error || kind == Kind::real;
    add({.kind = kind,
         .offset = static_cast<std::uint32_t>(begin),
         .length = has_text ? static_cast<std::uint32_t>(line.size()) : 0,
         .integer = integer});
    return true;
  };
  const auto aggregate = [&](Kind kind, unsigned elements_each) {
    at_ = end;
    return read_aggregate(kind, line, elements_each);
  };
  switch (type) {
    case '+':
      return plain(Kind::text);
    case '-':
      return plain(Kind::error);
    case ':': {
      const auto number = parse_integer(line);
      if (!number) return wrong("an integer of Redis is none");
      return plain(Kind::integer, *number);
    }
    case '#':
      if (line != "t" && line != "f") return wrong("a boolean of Redis is neither t nor f");
      return plain(Kind::integer, line == "t" ? 1 : 0);
    case ',':
      if (!is_real(line)) return wrong("a double of Redis is none");
      return plain(Kind::real);
    case '(':
      if (!is_big_number(line)) return wrong("a big number of Redis is none");
      return plain(Kind::text);
    case '_':
      if (!line.empty()) return wrong("a null of Redis has a value");
      return plain(Kind::null);
    case '$':
    case '=':
      return read_blob(unread, Kind::text, line, end);
    case '!':
      return read_blob(unread, Kind::error, line, end);
    case '*':
    case '~':
      return aggregate(Kind::list, 1);
    case '%':
      return aggregate(Kind::map, 2);
    case '|':
      return aggregate(Kind::attribute, 2);
    case '>':
      if (inside) return wrong("a push of Redis stands inside an answer");
      return aggregate(Kind::push, 1);
    default:
      return wrong("an answer of Redis has an unknown type");
  }
}

Result<bool> Reader::read_blob(std::string_view unread, Kind kind, std::string_view line, std::size_t begin) {
  const char type = unread[at_];
  if (type == '$' && line == "-1") {
    at_ = begin;
    add({.kind = Kind::null});
    return true;
  }
  const auto length = weir::text::parse_decimal(line);
  if (!length) return wrong("a length of Redis is none");
  if (*length > bytes_max_) return fail(upstream_error(Code::body_too_large));
  const auto bytes = static_cast<std::size_t>(*length);
  if (unread.size() < begin + bytes + 2) return false;
  if (unread.substr(begin + bytes, 2) != "\r\n") return wrong("a string of Redis is not followed by CRLF");
  std::size_t format = 0;
  if (type == '=') {  // three letters that say how it is written, and a colon
    format = 4;
    if (bytes < format || unread[begin + 3] != ':') return wrong("a verbatim string of Redis has no format");
  }
  at_ = begin + bytes + 2;
  add({.kind = kind,
       .offset = static_cast<std::uint32_t>(begin + format),
       .length = static_cast<std::uint32_t>(bytes - format)});
  return true;
}

Result<bool> Reader::read_aggregate(Kind kind, std::string_view line, unsigned elements_each) {
  if (kind == Kind::list && line == "-1") {
    add({.kind = Kind::null});
    return true;
  }
  const auto count = weir::text::parse_decimal(line);
  if (!count) return wrong("a count of Redis is none");
  if (*count > limits::redis_answer_elements) return fail(upstream_error(Code::body_too_large));
  if (open_.size() == limits::redis_answer_depth) return wrong("an answer of Redis is nested too deeply");
  add({.kind = kind, .count = static_cast<std::uint32_t>(*count) * elements_each});
  return true;
}

/// Appends a node, and ends those around it that it was the last of.
void Reader::add(ReplyNode node) {
  const auto index = static_cast<std::uint32_t>(nodes_.size());
  node.end = index + 1;
  nodes_.push_back(node);
  if (open_.empty()) outermost_ = index;
  const bool about_another = node.kind == Kind::attribute;
  if (!open_.empty() && !about_another) --open_.back().left;
  if (node.count > 0) open_.push_back({.node = index, .left = node.count});
  while (!open_.empty() && open_.back().left == 0) {
    nodes_[open_.back().node].end = static_cast<std::uint32_t>(nodes_.size());
    open_.pop_back();
  }
}

void CommandWriter::head(char type, std::size_t count) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), count);
  out_ += type;
  out_.append(digits, end);
  out_ += "\r\n";
}

CommandWriter& CommandWriter::word(std::string_view text) {
  head('$', text.size());
  out_ += text;
  out_ += "\r\n";
  return *this;
}

CommandWriter& CommandWriter::number(std::int64_t number) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), number);
  return word({digits, static_cast<std::size_t>(end - digits)});
}

std::string command(std::initializer_list<std::string_view> words) {
  std::string out;
  CommandWriter writer(out, words.size());
  for (const std::string_view each : words) writer.word(each);
  return out;
}

}  // namespace weir::redis
