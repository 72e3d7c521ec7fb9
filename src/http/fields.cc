// Looking up and changing the field section of fields.h.
#include "http/fields.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace weir {
namespace {

constexpr std::array name_texts{std::string_view(),  // FieldName::other
#define WEIR_FIELD_TEXT(id, text) std::string_view(text),
                                WEIR_FIELD_NAMES(WEIR_FIELD_TEXT)
#undef WEIR_FIELD_TEXT
};

constexpr std::size_t name_bytes_max = [] {
  std::size_t longest = 0;
  for (const std::string_view text : name_texts) longest = text.size() > longest ? text.size() : longest;
  return longest;
}();

/// Compares with the known names of exactly `Length` bytes; each comparison is one or two word loads.
template <std::size_t Length>
FieldName name_id_of_length(const char* name) {
  FieldName found = FieldName::other;
#define WEIR_FIELD_COMPARE(id, text)                                 \
  if constexpr (sizeof(text) - 1 == Length) {                        \
    if (std::memcmp(name, text, Length) == 0) found = FieldName::id; \
  }
  WEIR_FIELD_NAMES(WEIR_FIELD_COMPARE)
#undef WEIR_FIELD_COMPARE
  return found;
}

using NameOfLength = FieldName (*)(const char*);

constexpr auto names_by_length = []<std::size_t... Length>(std::index_sequence<Length...>) {
  return std::array<NameOfLength, sizeof...(Length)>{&name_id_of_length<Length>...};
}(std::make_index_sequence<name_bytes_max + 1>{});

/// Room for a browser's head and what Weir adds to it, so that an ordinary request allocates once.
constexpr std::uint32_t first_room = 24;

}  // namespace

FieldName name_id(std::string_view lower_case_name) {
  if (lower_case_name.empty() || lower_case_name.size() > name_bytes_max) return FieldName::other;
  return names_by_length[lower_case_name.size()](lower_case_name.data());
}

std::string_view text_of(FieldName name) {
  return name_texts[static_cast<std::size_t>(name)];
}

const Field* Fields::find(FieldName name) const {
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

std::string_view Fields::get(FieldName name) const {
  const Field* const field = find(name);
  return field == nullptr ? std::string_view() : field->value;
}

void Fields::set(const Field& wanted) {
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

std::size_t Fields::remove(FieldName name) {
  return remove_if([name](const Field& field) { return field.id == name; });
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
