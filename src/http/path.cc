// Brings a path into the form path.h describes.
//
// Idea: nearly every path is canonical already and only needs to be looked at once. The others are rebuilt segment by
// segment into the arena; the canonical form is never longer than what came in.
//
// One refusal goes beyond the policy's list: a dot segment with parameters ("/a/..;x/b"). Servlet containers cut the
// parameter off and then climb, so the segment would mean one thing here and another there.
#include "http/path.h"

#include <array>
#include <cstddef>

#include "base/text.h"
#include "http/characters.h"

namespace weir {
namespace {

constexpr bool is_unreserved(char c) {
  return text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
constexpr bool is_refused(char c) {
  return !characters::is_visible(c) || c == '\\' || c == '?' || c == '#';
}

enum class Meaning : unsigned char { plain, special, refused };

/// What a byte does to the look-through: nothing, makes the slow way necessary (perhaps), or ends in a refusal.
constexpr std::array<Meaning, 256> meanings = [] {
  std::array<Meaning, 256> table{};
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool special = c == '%' || c == '/' || c == '.';
    table[static_cast<std::size_t>(byte)] = is_refused(c) ? Meaning::refused
                                            : special     ? Meaning::special
                                                          : Meaning::plain;
  }
  return table;
}();

enum class Look : unsigned char { canonical, rebuild, refuse };

/// \pre path begins with '/'
Look look_through(std::string_view path) {
  Look look = Look::canonical;
  char before = 0;
  for (const char c : path) {
    const Meaning meaning = meanings[static_cast<unsigned char>(c)];
    if (meaning != Meaning::plain) {
      if (meaning == Meaning::refused) return Look::refuse;
      // A dot at the front of a segment may be a dot segment; a second slash is an empty one.
      if (c == '%' || before == '/') look = Look::rebuild;
    }
    before = c;
  }
  return look;
}

/// Writes segments behind each other; what is written always ends in '/' between two segments.
class PathBuilder {
 public:
  explicit PathBuilder(char* memory) : begin_(memory), next_(memory) { *next_++ = '/'; }

  /// \returns false when the segment is malformed or climbs above the root
  bool add_segment(std::string_view segment, bool last) {
    char* const segment_begin = next_;
    if (!copy_decoded(segment)) return false;
    const std::string_view decoded(segment_begin, static_cast<std::size_t>(next_ - segment_begin));
    if (decoded.empty()) return true;
    if (decoded == "." || decoded == "..") {
      next_ = segment_begin;
      return decoded == "." || climb();
    }
    if (is_dot_segment_with_parameter(decoded)) return false;
    if (!last) *next_++ = '/';
    return true;
  }

  [[nodiscard]] std::string_view written() const { return {begin_, static_cast<std::size_t>(next_ - begin_)}; }

 private:
  static bool is_dot_segment_with_parameter(std::string_view segment) {
    segment.remove_prefix(segment.starts_with("..") ? 2 : segment.starts_with('.') ? 1 : segment.size());
    return segment.starts_with(';') || segment.starts_with("%3B");
  }

  /// Takes the last segment away. \pre what is written ends in '/'
  bool climb() {
    if (next_ - begin_ == 1) return false;
    do --next_;
    while (next_[-1] != '/');
    return true;
  }

  bool copy_decoded(std::string_view segment) {
    for (std::size_t at = 0; at < segment.size(); ++at) {
      if (segment[at] != '%') {
        *next_++ = segment[at];
        continue;
      }
      if (segment.size() - at < 3) return false;
      const int high = text::hex_value(segment[at + 1]);
      const int low = text::hex_value(segment[at + 2]);
      if (high < 0 || low < 0) return false;
      const char decoded = static_cast<char>(high * 16 + low);
      if (decoded == 0 || decoded == '\\') return false;
      if (is_unreserved(decoded)) {
        *next_++ = decoded;
      } else {
        constexpr std::string_view digits = "0123456789ABCDEF";
        *next_++ = '%';
        *next_++ = digits[static_cast<std::size_t>(high)];
        *next_++ = digits[static_cast<std::size_t>(low)];
      }
      at += 2;
    }
    return true;
  }

  char* begin_;
  char* next_;
};

}  // namespace

Result<std::string_view> canonical_path(std::string_view path, Arena& arena) {
  if (!path.starts_with('/')) return fail(client_error(Code::bad_path, "the path does not begin with a slash"));
  switch (look_through(path)) {
    case Look::canonical:
      return path;
    case Look::refuse:
      return fail(client_error(Code::bad_path));
    case Look::rebuild:
      break;
  }
  PathBuilder builder(static_cast<char*>(arena.allocate(path.size() + 1, 1)));
  std::string_view rest = path.substr(1);
  while (true) {
    const std::size_t slash = rest.find('/');
    const bool last = slash == std::string_view::npos;
    if (!builder.add_segment(rest.substr(0, slash), last)) return fail(client_error(Code::bad_path));
    if (last) return builder.written();
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace weir
