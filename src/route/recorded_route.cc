// Packing and unpacking: a fixed part, then texts, each behind its length.
#include "route/recorded_route.h"

#include <array>
#include <cstring>

namespace weir {
namespace {

struct Fixed {
  std::uint16_t listener;
  Method method;
  std::uint8_t fields;  // how many names were asked for, at most 255
  std::array<std::uint8_t, 16> client;
};

constexpr std::uint16_t absent = UINT16_MAX;
constexpr std::size_t fields_max = UINT8_MAX;

class Writer {
 public:
  explicit Writer(char* place) : place_(place) {}
  void bytes(std::string_view text) {
    if (!text.empty()) std::memcpy(place_, text.data(), text.size());
    place_ += text.size();
  }
  void length(std::uint16_t length) {
    std::memcpy(place_, &length, sizeof(length));
    place_ += sizeof(length);
  }
  void text(std::string_view text) {
    length(static_cast<std::uint16_t>(text.size()));
    bytes(text);
  }

 private:
  char* place_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <typename T>
  bool value(T& out) {
    if (rest_.size() < sizeof(T)) return false;
    std::memcpy(&out, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return true;
  }
  bool bytes(std::size_t count, std::string_view& out) {
    if (rest_.size() < count) return false;
    out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }
  bool text(std::string_view& out) {
    std::uint16_t length = 0;
    return value(length) && bytes(length, out);
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

const Field* find_field(const Fields* fields, std::string_view name) {
  return fields == nullptr ? nullptr : fields->find(name);
}

}  // namespace

std::string_view pack(const RouteFacts& facts, std::span<const std::string> fields_asked_for, Arena& arena) {
  const std::array texts{facts.method_text, facts.host, facts.path, facts.query};
  if (fields_asked_for.size() > fields_max) return {};
  std::size_t bytes = sizeof(Fixed) + (texts.size() + fields_asked_for.size()) * sizeof(std::uint16_t);
  for (const std::string_view text : texts) bytes += text.size();
  for (const std::string& name : fields_asked_for) {
    if (const Field* field = find_field(facts.fields, name)) bytes += field->value.size();
  }
  if (bytes > recorded_route_bytes_max) return {};
  char* const begin = static_cast<char*>(arena.allocate(bytes, 1));
  const Fixed fixed{.listener = facts.listener,
                    .method = facts.method,
                    .fields = static_cast<std::uint8_t>(fields_asked_for.size()),
                    .client = facts.client.bytes()};
  std::memcpy(begin, &fixed, sizeof(fixed));
  Writer writer(begin + sizeof(fixed));
  for (const std::string_view text : texts) writer.text(text);
  for (const std::string& name : fields_asked_for) {
    const Field* field = find_field(facts.fields, name);
    if (field == nullptr)
      writer.length(absent);
    else
      writer.text(field->value);
  }
  return {begin, bytes};
}

std::optional<RouteFacts> unpack_route_facts(std::string_view bytes, std::span<const std::string> fields_asked_for,
                                             Arena& arena) {
  Reader reader(bytes);
  Fixed fixed;
  RouteFacts facts;
  if (!reader.value(fixed) || fixed.fields != fields_asked_for.size()) return {};
  for (std::string_view* text : {&facts.method_text, &facts.host, &facts.path, &facts.query}) {
    if (!reader.text(*text)) return {};
  }
  auto* fields = arena.make<Fields>(arena);
  for (const std::string& name : fields_asked_for) {
    std::uint16_t length = 0;
    std::string_view value;
    if (!reader.value(length)) return {};
    if (length == absent) continue;
    if (!reader.bytes(length, value)) return {};
    fields->append(name, value);
  }
  if (!reader.at_end()) return {};
  facts.listener = fixed.listener;
  facts.method = fixed.method;
  facts.client = IpAddress(fixed.client);
  facts.fields = fields;
  return facts;
}

}  // namespace weir
