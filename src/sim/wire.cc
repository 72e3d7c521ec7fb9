// Reading heads and contents, as leniently as the checkers allow.
#include "sim/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "runtime/reactor.h"

namespace weir::sim {
namespace {

Ending ending_of(const Error& error) {
  return error.code == Code::timed_out ? Ending::late : Ending::reset;
}

Ending in_the_middle(Ending ending) {
  return ending == Ending::closed || ending == Ending::reset ? Ending::cut : ending;
}

bool parse_head(std::string_view text, Head& head) {
  head = {};
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    if (head.start.empty()) {
      head.start = line;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), text::lower);
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    head.fields.emplace_back(std::move(name), value);
  }
  return !head.start.empty();
}

}  // namespace

std::string_view Head::get(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, [](const auto& field) { return std::string_view(field.first); });
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::size_t Head::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count(fields, name, [](const auto& field) { return std::string_view(field.first); }));
}

unsigned Head::status() const {
  unsigned status = 0;
  if (start.starts_with("HTTP/1.") && start.size() >= 12) std::from_chars(start.data() + 9, start.data() + 12, status);
  return status;
}

Task<Ending> Wire::fill(Duration longest) {
  if (pace_.pause > Duration::zero()) co_await Sleep(stream_.reactor(), pace_.pause);
  char small[512];
  const bool slowly = pace_.bytes > 0;
  const std::span<char> room =
      slowly ? std::span<char>(small, std::min(pace_.bytes, sizeof(small))) : std::span<char>();
  const auto received = co_await stream_.receive_into(room, longest);
  if (!received) co_return ending_of(received.error());
  if (received->empty()) co_return Ending::closed;
  unread_.append(received->data(), received->size());
  co_return Ending::whole;
}

Task<Ending> Wire::read_head(Head& head, Duration longest) {
  while (true) {
    if (const std::size_t end = unread_.find("\r\n\r\n"); end != std::string::npos) {
      const bool good = parse_head(std::string_view(unread_).substr(0, end), head);
      unread_.erase(0, end + 4);
      co_return good ? Ending::whole : Ending::malformed;
    }
    const Ending filled = co_await fill(longest);
    if (filled != Ending::whole) co_return unread_.empty() ? filled : in_the_middle(filled);
  }
}

Task<Ending> Wire::read_line(std::string& line) {
  while (true) {
    if (const std::size_t end = unread_.find("\r\n"); end != std::string::npos) {
      line = unread_.substr(0, end);
      unread_.erase(0, end + 2);
      co_return Ending::whole;
    }
    if (const Ending filled = co_await fill(patience); filled != Ending::whole) co_return in_the_middle(filled);
  }
}

Task<Ending> Wire::read_some(std::string& bytes, std::size_t most, Duration longest) {
  bytes.clear();
  if (unread_.empty()) {
    if (const Ending filled = co_await fill(longest); filled != Ending::whole) co_return filled;
  }
  bytes = unread_.substr(0, most);
  unread_.erase(0, bytes.size());
  co_return Ending::whole;
}

Task<Ending> Wire::read_up_to(std::string& into, std::size_t bytes, Duration longest) {
  std::string some;
  while (into.size() < bytes) {
    const Ending ending = co_await read_some(some, bytes - into.size(), into.empty() ? longest : patience);
    if (ending != Ending::whole) co_return into.empty() ? ending : Ending::cut;
    into += some;
  }
  co_return Ending::whole;
}

Task<Ending> Wire::read_content(const Head& head, Framed framed, ContentCheck& check, ByteCount& arrived,
                                ByteCount stop_after) {
  trailer_seen_ = false;
  if (framed == Framed::nothing) co_return Ending::whole;
  ByteCount left = unbounded;
  if (framed == Framed::length) {
    const std::string_view length = head.get("content-length");
    if (std::from_chars(length.data(), length.data() + length.size(), left).ec != std::errc())
      co_return Ending::malformed;
  }
  std::string bytes;
  std::string line;
  while (true) {
    if (framed == Framed::chunked) {
      if (const Ending ending = co_await read_line(line); ending != Ending::whole) co_return ending;
      if (std::from_chars(line.data(), line.data() + line.size(), left, 16).ec != std::errc())
        co_return Ending::malformed;
      if (left == 0) {
        do {
          if (const Ending ending = co_await read_line(line); ending != Ending::whole) co_return ending;
          trailer_seen_ = trailer_seen_ || line == "x-sum: right";
        } while (!line.empty());
        co_return check.right() ? Ending::whole : Ending::wrong;
      }
    }
    while (left > 0) {
      const Ending ending =
          co_await read_some(bytes, static_cast<std::size_t>(std::min<ByteCount>(left, 64 * kibibyte)));
      if (ending == Ending::closed && framed == Framed::until_close)
        co_return check.right() ? Ending::whole : Ending::wrong;
      if (ending != Ending::whole) co_return in_the_middle(ending);
      left -= bytes.size();
      arrived += bytes.size();
      if (!check.take(bytes)) co_return Ending::wrong;
      if (arrived > stop_after) co_return Ending::cut;
    }
    if (framed == Framed::length) co_return Ending::whole;
    if (const Ending ending = co_await read_line(line); ending != Ending::whole) co_return ending;
    if (!line.empty()) co_return Ending::malformed;
  }
}

Task<Ending> Wire::read_end(Duration longest) {
  if (!unread_.empty()) co_return Ending::malformed;
  const Ending ending = co_await fill(longest);
  co_return ending == Ending::whole ? Ending::malformed : ending;
}

Framed framing_of(const Head& head, bool has_content, bool is_answer) {
  if (!has_content) return Framed::nothing;
  if (head.get("transfer-encoding") == "chunked") return Framed::chunked;
  if (!head.get("content-length").empty()) return Framed::length;
  return is_answer ? Framed::until_close : Framed::nothing;
}

std::string chunk(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

}  // namespace weir::sim
