// Finds the ends of responses in a stream, for a client that sends one request at a time.
//
// Problem: the generator must know when a response is complete, cheaply, for whatever server stands before it.
// Idea: the origin always declares Content-Length, and no proxy here has a reason to change the framing; so a head is
// searched for its end, its status and its length, and the body is counted, not kept. Anything else is a failure that
// the run reports: a benchmark over wrong answers is worth nothing.
//
// Invariants
//   (1) head_ is empty while a body is counted.
//   (2) After failed(), the stream's position is lost and the connection must be closed.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::bench {

enum class Progress { more, complete, failed };

class ResponseReader {
 public:
  /// Takes the next bytes of the stream. `complete` when they end the response; bytes beyond its end are a failure.
  [[nodiscard]] Progress feed(std::string_view bytes) {
    if (!in_body_) {
      const Progress progress = read_head(bytes);
      if (progress != Progress::complete) return progress;
    }
    if (bytes.size() > body_bytes_left_) return Progress::failed;
    body_bytes_left_ -= bytes.size();
    if (body_bytes_left_ > 0) return Progress::more;
    in_body_ = false;
    return Progress::complete;
  }

 private:
  static constexpr std::size_t head_bytes_max = 16 * 1024;

  /// Takes the head off `bytes`; `complete` when its end was found and it says 200 with a length.
  Progress read_head(std::string_view& bytes) {
    const std::size_t bytes_before = head_.size();
    std::string_view text = bytes;
    if (bytes_before > 0) text = head_.append(bytes);
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) {
      if (bytes_before == 0) head_.assign(bytes);
      return head_.size() > head_bytes_max ? Progress::failed : Progress::more;
    }
    const bool understood = understand(text.substr(0, end + 2));
    bytes.remove_prefix(end + 4 - bytes_before);
    head_.clear();
    in_body_ = understood;
    return understood ? Progress::complete : Progress::failed;
  }

  bool understand(std::string_view head) {
    if (!head.starts_with("HTTP/1.1 200")) return false;
    for (std::size_t line = head.find("\r\n") + 2; line < head.size(); line = head.find("\r\n", line) + 2) {
      if (is_content_length(head.substr(line))) {
        const std::size_t value = head.find_first_not_of(' ', line + name.size());
        return std::from_chars(head.data() + value, head.data() + head.size(), body_bytes_left_).ec == std::errc{};
      }
    }
    return false;
  }

  static constexpr std::string_view name = "content-length:";

  static bool is_content_length(std::string_view line) {
    if (line.size() <= name.size()) return false;
    for (std::size_t at = 0; at < name.size(); ++at) {
      const char lower = line[at] >= 'A' && line[at] <= 'Z' ? static_cast<char>(line[at] + ('a' - 'A')) : line[at];
      if (lower != name[at]) return false;
    }
    return true;
  }

  std::string head_;  // the beginning of a head whose end has not arrived
  std::uint64_t body_bytes_left_ = 0;
  bool in_body_ = false;
};

}  // namespace weir::bench
