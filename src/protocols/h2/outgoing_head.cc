// Pseudo-fields first, then what is left of the fields.
#include "protocols/h2/outgoing_head.h"

#include <array>
#include <charconv>

#include "http/websocket_handshake.h"

namespace weir::h2 {
namespace {

/// Fields that belong to a connection of HTTP/1, or are told otherwise here.
constexpr FieldSet passed_over = set_of(FieldName::connection) | set_of(FieldName::content_length) |
                                 set_of(FieldName::transfer_encoding) | set_of(FieldName::upgrade) |
                                 set_of(FieldName::keep_alive) | set_of(FieldName::proxy_connection) |
                                 set_of(FieldName::te) | set_of(FieldName::host);

std::string_view digits_of(std::uint64_t number, Arena& arena) {
  std::array<char, 20> digits;  // of 2^64 - 1
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return arena.copy({digits.data(), written.ptr});
}

/// Lines in the order in which they are added.
class Lines {
 public:
  Lines(std::size_t most, Arena& arena) : lines_(arena.make_array<Line>(most)) {}
  void add(std::string_view name, std::string_view value) { lines_[count_++] = {name, value}; }
  void add(const Fields& fields, FieldSet without, std::string_view and_without = {}) {
    for (const Field& field : fields) {
      if ((set_of(field.id) & without) == 0 && field.name != and_without) add(field.name, field.value);
    }
  }
  [[nodiscard]] std::span<const Line> all() const { return lines_.first(count_); }

 private:
  std::span<Line> lines_;
  std::size_t count_ = 0;
};

// Beyond the fields: at most five pseudo-fields, or a status, a date and a length.
constexpr std::size_t lines_besides = 6;

}  // namespace

std::span<const Line> lines_of(const ResponseHead& head, std::string_view date, Arena& arena) {
  Lines lines(head.fields.size() + lines_besides, arena);
  lines.add(":status", digits_of(head.status, arena));
  // Without framing a length only tells (HEAD, 304); beside content it would be a second opinion.
  const bool length_only_tells =
      head.framing.kind == Framing::Kind::none && !is_interim(head.status) && head.status != 204;
  lines.add(head.fields, passed_over & ~(length_only_tells ? set_of(FieldName::content_length) : 0));
  if (!date.empty() && !head.fields.has(FieldName::date)) lines.add("date", arena.copy(date));
  if (head.framing.kind == Framing::Kind::length) lines.add("content-length", digits_of(head.framing.length, arena));
  return lines.all();
}

std::span<const Line> lines_of(const RequestHead& head, std::string_view scheme, Arena& arena) {
  Lines lines(head.fields.size() + lines_besides + 2, arena);
  const bool tunnel = !head.upgrade.empty();
  lines.add(":method", tunnel ? "CONNECT" : head.method_text);
  if (tunnel) lines.add(":protocol", head.upgrade);
  if (head.method == Method::connect) {
    lines.add(":authority", head.authority);
  } else {
    lines.add(":scheme", scheme);
    if (!head.authority.empty()) lines.add(":authority", head.authority);
    lines.add(":path", head.has_query ? arena.join(head.path, std::string_view("?"), head.query) : head.path);
  }
  // The stream itself proves what the key of HTTP/1 proves (RFC 8441 section 5.1).
  lines.add(head.fields, passed_over, tunnel ? websocket::key_field : "");
  if (head.framing.kind == Framing::Kind::length) lines.add("content-length", digits_of(head.framing.length, arena));
  if (head.accepts_trailers) lines.add("te", "trailers");
  return lines.all();
}

std::span<const Line> lines_of(const Fields& trailers, Arena& arena) {
  Lines lines(trailers.size(), arena);
  lines.add(trailers, passed_over);
  return lines.all();
}

std::size_t weight_of(std::span<const Line> lines) {
  std::size_t weight = 0;
  for (const Line& line : lines) weight += line.name.size() + line.value.size() + 32;
  return weight;
}

}  // namespace weir::h2
