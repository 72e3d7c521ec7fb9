// Lines that begin a section or a list item, and the choice among them.
#include "app/history/parts.h"

#include "app/config/hash.h"

namespace weir::history {
namespace {

/// Below, an object's own line would cost more than sharing saves; above, one edit would store too much anew.
constexpr std::size_t part_bytes_min = 512;
constexpr std::size_t part_bytes_max = 32 * 1024;
/// One cut in four places, by the content before it: parts of a few routes.
constexpr std::uint64_t cut_mask = 3;

bool begins_section(std::string_view line) {
  const char first = line.empty() ? '\n' : line.front();
  return first != ' ' && first != '#' && first != '\n' && first != '-' && first != '\r';
}

/// `  - ...`, not deeper than a route under `routes:` usually stands.
bool begins_item(std::string_view line) {
  const std::size_t indent = line.find_first_not_of(' ');
  return indent != std::string_view::npos && indent <= 4 && line[indent] == '-';
}

}  // namespace

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  std::size_t unit = 0;  // where the section or item that ends here began
  const auto cut_at = [&](std::size_t at) {
    parts.push_back(text.substr(begin, at - begin));
    begin = at;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string_view line = text.substr(at, end - at);
    const bool section = begins_section(line);
    if (at > begin && (section || begins_item(line))) {
      const std::size_t size = at - begin;
      const bool chosen = (config::hash_of(text.substr(unit, at - unit)).low & cut_mask) == 0;
      if (size >= part_bytes_max || (size >= part_bytes_min && (section || chosen))) cut_at(at);
      unit = at;
    }
    at = end;
  }
  if (begin < text.size()) cut_at(text.size());
  return parts;
}

}  // namespace weir::history
