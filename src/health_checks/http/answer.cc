// Status line, fields, body: in the order in which they come.
#include "health_checks/http/answer.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "http/characters.h"

namespace weir {
namespace {

/// A status line: HTTP/1.x SP three digits, then SP or the end. Of another form: 0.
Status status_of_line(std::string_view line) {
  const bool version = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
  if (!version || line.size() < 12 || (line.size() > 12 && line[12] != ' ')) return 0;
  const auto number = text::parse_decimal(line.substr(9, 3));
  return number && *number >= 100 ? static_cast<Status>(*number) : Status{0};
}

/// The lines of a head behind its first.
class FieldLines {
 public:
  explicit FieldLines(std::string_view lines) : lines_(lines) {}

  /// Calls visit(name, value) until it says no. \returns  whether all lines are fields
  template <typename Visit>
  bool for_each(Visit visit) const {
    std::string_view left = lines_;
    while (!left.empty()) {
      const std::size_t end = left.find("\r\n");
      const std::string_view line = left.substr(0, end);
      left.remove_prefix(end == std::string_view::npos ? left.size() : end + 2);
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos || !characters::is_token(line.substr(0, colon))) return false;
      visit(line.substr(0, colon), text::trim(line.substr(colon + 1)));
    }
    return true;
  }

 private:
  std::string_view lines_;
};

bool has(const FieldLines& lines, const std::pair<std::string, std::string>& wanted) {
  bool found = false;
  lines.for_each([&](std::string_view name, std::string_view value) {
    found =
        found || (text::equal_ignoring_case(name, wanted.first) && (wanted.second.empty() || value == wanted.second));
  });
  return found;
}

struct Content {
  std::string bytes;      ///< decoded, as far as it has come
  bool complete = false;  ///< nothing follows
};

Content chunked_content(std::string_view bytes) {
  Content content;
  while (true) {
    const std::size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return content;
    const std::string_view line = bytes.substr(0, std::min(bytes.find(';'), end));
    std::uint64_t size = 0;
    const auto [stopped, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    const bool good =
        error == std::errc{} && stopped == line.data() + line.size() && size <= limits::health_answer_bytes;
    if (!good || size == 0) {
      content.complete = true;  // its end, or something that is none: nothing more can be understood
      return content;
    }
    bytes.remove_prefix(end + 2);
    content.bytes += bytes.substr(0, size);
    if (bytes.size() < size + 2) return content;
    bytes.remove_prefix(size + 2);
  }
}

Content content_of(const FieldLines& lines, std::string_view behind_head) {
  bool chunked = false;
  std::optional<std::uint64_t> length;
  lines.for_each([&](std::string_view name, std::string_view value) {
    if (text::equal_ignoring_case(name, "transfer-encoding")) chunked = text::equal_ignoring_case(value, "chunked");
    if (text::equal_ignoring_case(name, "content-length")) length = text::parse_decimal(value);
  });
  if (chunked) return chunked_content(behind_head);
  if (!length) return {.bytes = std::string(behind_head)};
  return {.bytes = std::string(behind_head.substr(0, *length)), .complete = behind_head.size() >= *length};
}

ProbeResult failed(std::string_view reason, Status status = 0) {
  return {.reason = reason, .number = static_cast<std::uint32_t>(status)};
}

}  // namespace

std::optional<ProbeResult> judge_answer(const HttpExpectation& expected, std::string_view answer, bool ended) {
  if (answer.size() >= limits::health_answer_bytes) {
    answer = answer.substr(0, limits::health_answer_bytes);
    ended = true;
  }
  while (true) {
    const std::size_t end = answer.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      if (!ended) return {};
      return failed(answer.empty() ? "no_answer" : "not_http");
    }
    const std::string_view head = answer.substr(0, end);
    const std::string_view first = head.substr(0, head.find("\r\n"));
    const FieldLines lines(head.substr(std::min(first.size() + 2, head.size())));
    answer.remove_prefix(end + 4);
    const Status status = status_of_line(first);
    if (status == 0 || !lines.for_each([](std::string_view, std::string_view) {})) return failed("not_http");
    if (status < 200 && status != 101) continue;  // interim: the answer is still to come
    const auto within = [&](const StatusRange& range) { return status >= range.first && status <= range.last; };
    if (std::ranges::none_of(expected.statuses, within)) return failed("status", status);
    if (!std::ranges::all_of(expected.fields, [&](const auto& wanted) { return has(lines, wanted); })) {
      return failed("answer_headers", status);
    }
    const ProbeResult passed{.passed = true, .reason = "status", .number = static_cast<std::uint32_t>(status)};
    if (expected.body.empty() || expected.head) return passed;
    const Content content = content_of(lines, answer);
    if (content.bytes.contains(expected.body)) return passed;
    if (content.complete || ended) return failed("body", status);
    return {};
  }
}

}  // namespace weir
