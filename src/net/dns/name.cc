// What is a name, and how it is kept.
#include "net/dns/name.h"

#include <algorithm>

#include "base/text.h"

namespace weir::dns {
namespace {

constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t name_bytes_max = 253;

bool is_label_character(char c) {
  return text::is_alpha(c) || text::is_digit(c) || c == '-' || c == '_';
}

}  // namespace

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= label_bytes_max && std::ranges::all_of(label, is_label_character);
}

std::optional<std::string> canonical_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > name_bytes_max) return {};
  if (!std::ranges::all_of(text::split(text, '.'), is_label)) return {};
  return text::to_lower(text);
}

unsigned dots_in(std::string_view name) {
  return static_cast<unsigned>(std::ranges::count(name, '.'));
}

}  // namespace weir::dns
