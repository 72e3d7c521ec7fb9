// A hash, a place, a comparison.
#include "services/fastcgi/script_memory.h"

#include <functional>

namespace weir {

std::size_t ScriptMemory::place_of(std::string_view root, std::string_view script) {
  constexpr std::hash<std::string_view> hash;
  return (hash(root) * 31 + hash(script)) % limits::scripts_remembered;
}

std::optional<ScriptFound> ScriptMemory::recall(std::string_view root, std::string_view script, Time now) const {
  const Entry& entry = entries_[place_of(root, script)];
  if (entry.until <= now || entry.script != script || entry.root != root) return {};
  return entry.found;
}

void ScriptMemory::keep(std::string_view root, std::string_view script, ScriptFound found, Time now) {
  if (found != ScriptFound::yes && found != ScriptFound::no) return;
  Entry& entry = entries_[place_of(root, script)];
  entry.root = root;
  entry.script = script;
  entry.until = now + limits::file_freshness;
  entry.found = found;
}

}  // namespace weir
