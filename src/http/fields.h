// The field section of a message: names and values in their order (RFC 9110 section 5).
//
// Idea: names are lower case and, when well known, carry a number, so that a look-up compares bytes, not letters.
// Names and values are views: into the exchange's arena, or into static text. Nothing here owns memory.
//
// Invariants
//   (1) Every name is a lower-case token and every value is free of control characters and of surrounding white
//       space: the parser refuses the rest, and code that adds fields adds only what was checked.
//   (2) Order is kept; several lines of one name stay several lines.
//   (3) names_ holds exactly the names of the lines. Most questions are about names that are not there, and are
//   answered
//       without a look at the lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"

namespace weir {

// Names Weir itself reads or writes, in the order of the table behind name_id().
#define WEIR_FIELD_NAMES(X)                     \
  X(accept, "accept")                           \
  X(accept_encoding, "accept-encoding")         \
  X(accept_language, "accept-language")         \
  X(accept_ranges, "accept-ranges")             \
  X(age, "age")                                 \
  X(allow, "allow")                             \
  X(authorization, "authorization")             \
  X(cache_control, "cache-control")             \
  X(cdn_loop, "cdn-loop")                       \
  X(connection, "connection")                   \
  X(content_encoding, "content-encoding")       \
  X(content_length, "content-length")           \
  X(content_range, "content-range")             \
  X(content_type, "content-type")               \
  X(cookie, "cookie")                           \
  X(date, "date")                               \
  X(etag, "etag")                               \
  X(expect, "expect")                           \
  X(forwarded, "forwarded")                     \
  X(host, "host")                               \
  X(if_match, "if-match")                       \
  X(if_modified_since, "if-modified-since")     \
  X(if_none_match, "if-none-match")             \
  X(if_range, "if-range")                       \
  X(if_unmodified_since, "if-unmodified-since") \
  X(keep_alive, "keep-alive")                   \
  X(last_modified, "last-modified")             \
  X(location, "location")                       \
  X(proxy_authenticate, "proxy-authenticate")   \
  X(proxy_authorization, "proxy-authorization") \
  X(proxy_connection, "proxy-connection")       \
  X(proxy_status, "proxy-status")               \
  X(range, "range")                             \
  X(referer, "referer")                         \
  X(retry_after, "retry-after")                 \
  X(server, "server")                           \
  X(set_cookie, "set-cookie")                   \
  X(te, "te")                                   \
  X(trailer, "trailer")                         \
  X(transfer_encoding, "transfer-encoding")     \
  X(upgrade, "upgrade")                         \
  X(user_agent, "user-agent")                   \
  X(vary, "vary")                               \
  X(via, "via")                                 \
  X(www_authenticate, "www-authenticate")       \
  X(x_forwarded_for, "x-forwarded-for")         \
  X(x_forwarded_host, "x-forwarded-host")       \
  X(x_forwarded_port, "x-forwarded-port")       \
  X(x_forwarded_proto, "x-forwarded-proto")     \
  X(x_real_ip, "x-real-ip")                     \
  X(x_request_id, "x-request-id")

enum class FieldName : std::uint8_t {
  other,
#define WEIR_FIELD_ENUM(id, text) id,
  WEIR_FIELD_NAMES(WEIR_FIELD_ENUM)
#undef WEIR_FIELD_ENUM
};

/// A bit for each name; `other` has one, too.
using FieldSet = std::uint64_t;
constexpr FieldSet set_of(FieldName name) {
  return FieldSet{1} << static_cast<unsigned>(name);
}
static_assert(static_cast<unsigned>(FieldName::x_request_id) < 64, "a set of field names fits into a word");

/// The number of a lower-case name, or `other`. A few nanoseconds: one look at a table, then one comparison.
FieldName name_id(std::string_view lower_case_name);
std::string_view text_of(FieldName name);

struct Field {
  std::string_view name;
  std::string_view value;
  FieldName id = FieldName::other;
};

class Fields {
 public:
  explicit Fields(Arena& arena) : arena_(&arena) {}

  /// Adds a line at the end. The views must live as long as the arena.
  void append(std::string_view lower_case_name, std::string_view value) {
    append({lower_case_name, value, name_id(lower_case_name)});
  }
  void append(FieldName name, std::string_view value) { append({text_of(name), value, name}); }
  void append(const Field& field) {
    if (size_ == room_) grow();
    lines_[size_++] = field;
    names_ |= set_of(field.id);
  }

  /// The first line of that name, or null.
  [[nodiscard]] const Field* find(FieldName name) const { return has(name) ? find_line(name) : nullptr; }
  [[nodiscard]] const Field* find(std::string_view lower_case_name) const;
  [[nodiscard]] bool has(FieldName name) const { return has_any(set_of(name)); }
  [[nodiscard]] bool has_any(FieldSet names) const { return (names_ & names) != 0; }
  /// The value of the first line, empty when there is none.
  [[nodiscard]] std::string_view get(FieldName name) const {
    return has(name) ? find_line(name)->value : std::string_view();
  }

  /// Replaces all lines of that name by one.
  void set(std::string_view lower_case_name, std::string_view value) {
    set({lower_case_name, value, name_id(lower_case_name)});
  }
  void set(FieldName name, std::string_view value) { set({text_of(name), value, name}); }

  /// Takes out every line for which `unwanted(const Field&)`; order is kept. \returns how many went
  template <typename Unwanted>
  std::size_t remove_if(Unwanted unwanted) {
    std::uint32_t kept = 0;
    FieldSet names = 0;
    for (std::uint32_t at = 0; at < size_; ++at) {
      if (unwanted(lines_[at])) continue;
      names |= set_of(lines_[at].id);
      if (kept != at) lines_[kept] = lines_[at];
      ++kept;
    }
    const std::size_t removed = size_ - kept;
    size_ = kept;
    names_ = names;
    return removed;
  }
  std::size_t remove(FieldName name) {
    return has(name) ? remove_if([name](const Field& field) { return field.id == name; }) : 0;
  }
  std::size_t remove(std::string_view lower_case_name);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const Field* begin() const { return lines_; }
  [[nodiscard]] const Field* end() const { return lines_ + size_; }
  /// To change values; a line keeps its name.
  [[nodiscard]] std::span<Field> lines() { return {lines_, size_}; }
  [[nodiscard]] Arena& arena() const { return *arena_; }

 private:
  [[nodiscard]] const Field* find_line(FieldName name) const;
  void set(const Field& wanted);
  void grow();

  Arena* arena_;
  Field* lines_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t room_ = 0;
  FieldSet names_ = 0;
};

}  // namespace weir
