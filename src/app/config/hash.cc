// Canonical bytes of a tree, and XXH3 over them.
#include "app/config/hash.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace weir::config {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift & 0xFF);
}

/// Lengths stand before texts, so that no two trees give the same bytes.
void append_text(std::string& out, char kind, std::string_view text) {
  out += kind;
  append_number(out, text.size());
  out += text;
}

void append_node(std::string& out, const Node& node, const HashKey& key) {
  switch (node.kind()) {
    case Node::Kind::null:
      out += 'n';
      return;
    case Node::Kind::scalar:
      // `"true"` is a text where `true` is a boolean, so quotes count.
      if (node.is_secret())
        append_text(out, 'x', hash_of(key.bytes + node.text()).text());
      else
        append_text(out, node.quoted() ? 'q' : 's', node.text());
      return;
    case Node::Kind::list:
      out += 'l';
      append_number(out, node.items().size());
      for (const Node& item : node.items()) append_node(out, item, key);
      return;
    case Node::Kind::map:
      out += 'm';
      append_number(out, node.members().size());
      for (const Node::Member& member : node.members()) {
        append_text(out, 'k', member.name);
        append_node(out, member.value, key);
      }
      return;
  }
}

}  // namespace

std::string ContentHash::text() const {
  return fmt::format("{:016x}{:016x}", high, low);
}

ContentHash hash_of(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {.high = hash.high64, .low = hash.low64};
}

ContentHash hash_of(const Node& node, const HashKey& key) {
  std::string canonical;
  append_node(canonical, node, key);
  return hash_of(canonical);
}

void HashChain::add(const ContentHash& hash) {
  append_number(bytes_, hash.high);
  append_number(bytes_, hash.low);
}

}  // namespace weir::config
