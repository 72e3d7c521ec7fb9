// Looking up and changing the field section of fields.h.
#include "http/fields.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/short_text.h"

namespace weir {
namespace {

constexpr std::array name_texts{std::string_view(),  // FieldName::other
#define WEIR_FIELD_TEXT(id, text) std::string_view(text),
                                WEIR_FIELD_NAMES(WEIR_FIELD_TEXT)
#undef WEIR_FIELD_TEXT
};

/// A perfect hash: each known name has a slot of its own. A name that is added to the list and collides fails the
/// assertion below; other factors will do, found by trying.
constexpr std::size_t slots = 256;
constexpr std::size_t slot_of(std::string_view name) {
  const auto letter = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<unsigned char>(name[at])); };
  return (name.size() + 3 * letter(0) + 23 * letter(name.size() * 3 / 4) + letter(name.size() - 1)) % slots;
}

constexpr auto names_by_slot = [] {
  std::array<FieldName, slots> table{};
  for (std::size_t id = 1; id < name_texts.size(); ++id) {
    table[slot_of(name_texts[id])] = static_cast<FieldName>(id);
  }
  return table;
}();
static_assert(std::ranges::count(names_by_slot, FieldName::other) == slots - (name_texts.size() - 1),
              "two field names share a slot: change the factors of slot_of()");

/// Room for a browser's head and what Weir adds to it, so that an ordinary request allocates once.
constexpr std::uint32_t first_room = 24;

}  // namespace

FieldName name_id(std::string_view lower_case_name) {
  if (lower_case_name.empty()) return FieldName::other;
  const FieldName candidate = names_by_slot[slot_of(lower_case_name)];
  const std::string_view text = name_texts[static_cast<std::size_t>(candidate)];
  const bool same =
      text.size() == lower_case_name.size() && equal_short(text.data(), lower_case_name.data(), text.size());
  return same ? candidate : FieldName::other;
}

std::string_view text_of(FieldName name) {
  return name_texts[static_cast<std::size_t>(name)];
}

const Field* Fields::find_line(FieldName name) const {
  for (const Field& field : *this) {
    if (field.id == name) return &field;
  }
  return nullptr;
}

const Field* Fields::find(std::string_view lower_case_name) const {
  if (const FieldName known = name_id(lower_case_name); known != FieldName::other) return find(known);
  for (const Field& field : *this) {
    if (field.name == lower_case_name) return &field;
  }
  return nullptr;
}

void Fields::set(const Field& wanted) {
  if (!has(wanted.id)) return append(wanted);
  const auto named_so = [&](const Field& field) {
    return field.id == wanted.id && (wanted.id != FieldName::other || field.name == wanted.name);
  };
  Field* const first = std::find_if(lines_, lines_ + size_, named_so);
  if (first == end()) {
    append(wanted);
    return;
  }
  first->value = wanted.value;
  remove_if([&](const Field& field) { return named_so(field) && &field != first; });
}

std::size_t Fields::remove(std::string_view lower_case_name) {
  const FieldName known = name_id(lower_case_name);
  return remove_if([&](const Field& field) { return field.id == known && field.name == lower_case_name; });
}

void Fields::grow() {
  const std::uint32_t room = room_ == 0 ? first_room : room_ * 2;
  const std::span<Field> lines = arena_->make_array<Field>(room);
  if (size_ != 0) std::memcpy(lines.data(), lines_, size_ * sizeof(Field));
  lines_ = lines.data();
  room_ = room;
}

}  // namespace weir
