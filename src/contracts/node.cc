// The tree's few operations, and the pool of file names.
#include "contracts/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>

namespace weir {

std::string Place::text() const {
  if (!known()) return "(default)";
  return line == 0 ? *file_name : fmt::format("{}:{}:{}", *file_name, line, column);
}

const std::string* intern_file_name(std::string_view name) {
  // Configurations are compiled on the control thread and checked by tests on many; a lock per file costs nothing.
  static std::mutex mutex;
  static std::set<std::string, std::less<>> names;
  const std::lock_guard lock(mutex);
  const auto found = names.find(name);
  return &(found != names.end() ? *found : *names.emplace(name).first);
}

Node Node::make(Data data) {
  return Node(std::make_shared<const Data>(std::move(data)));
}

Node Node::null(Place place) {
  return make({.place = place, .kind = Kind::null, .quoted = false, .value = {}});
}

Node Node::scalar(Place place, std::string text, bool quoted) {
  return make({.place = place, .kind = Kind::scalar, .quoted = quoted, .value = std::move(text)});
}

Node Node::secret(Place place, std::string text, std::string written) {
  return make({.place = place,
               .kind = Kind::scalar,
               .quoted = false,
               .value = Secret{.text = std::move(text), .written = std::move(written)}});
}

Node Node::list(Place place, std::vector<Node> items) {
  return make({.place = place, .kind = Kind::list, .quoted = false, .value = std::move(items)});
}

Node Node::map(Place place, std::vector<Member> members) {
  return make({.place = place, .kind = Kind::map, .quoted = false, .value = std::move(members)});
}

const std::string& Node::text() const {
  static const std::string empty;
  if (!data_) return empty;
  if (const auto* text = std::get_if<std::string>(&data_->value)) return *text;
  if (const auto* secret = std::get_if<Secret>(&data_->value)) return secret->text;
  return empty;
}

std::string Node::shown() const {
  switch (kind()) {
    case Kind::null:
      return "nothing";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
    case Kind::scalar:
      break;
  }
  const auto* secret = std::get_if<Secret>(&data_->value);
  std::string shown;
  shown += '"';
  // A value of any length and any bytes may stand here; a message stays one readable line.
  constexpr std::size_t shown_bytes_max = 80;
  const std::string& whole = secret != nullptr ? secret->written : text();
  std::size_t bytes = std::min(whole.size(), shown_bytes_max);
  while (bytes < whole.size() && bytes > 0 && (static_cast<unsigned char>(whole[bytes]) & 0xC0U) == 0x80U) --bytes;
  for (const char c : std::string_view(whole).substr(0, bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      shown += fmt::format("\\x{:02x}", byte);
    else
      shown += c;
  }
  shown += bytes < whole.size() ? "...\"" : "\"";
  return shown;
}

bool Node::is_secret() const {
  return data_ && std::holds_alternative<Secret>(data_->value);
}

std::span<const Node> Node::items() const {
  if (!data_) return {};
  const auto* items = std::get_if<std::vector<Node>>(&data_->value);
  return items == nullptr ? std::span<const Node>() : std::span<const Node>(*items);
}

std::span<const Node::Member> Node::members() const {
  if (!data_) return {};
  const auto* members = std::get_if<std::vector<Member>>(&data_->value);
  return members == nullptr ? std::span<const Member>() : std::span<const Member>(*members);
}

const Node::Member* Node::find_member(std::string_view name) const {
  for (const Member& member : members()) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

const Node* Node::find(std::string_view name) const {
  const Member* member = find_member(name);
  return member == nullptr ? nullptr : &member->value;
}

}  // namespace weir
