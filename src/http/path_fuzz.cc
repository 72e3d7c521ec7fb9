// Fuzzes the canonical form of paths: it is stable, no longer than its source, and free of what it promises to take
// out.
#include <string>

#include "base/testing/fuzz.h"
#include "http/path.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  weir::BlockPool pool;
  weir::Arena arena(pool);
  const std::string path(reinterpret_cast<const char*>(data), size);
  const auto once = weir::canonical_path(path, arena);
  if (!once) return 0;
  const auto twice = weir::canonical_path(*once, arena);
  weir::demand(twice && *twice == *once);
  weir::demand(once->size() <= path.size());
  weir::demand(once->starts_with('/') && once->find("//") == std::string_view::npos);
  weir::demand(once->find('\\') == std::string_view::npos && once->find('\0') == std::string_view::npos);
  const std::string closed = std::string(*once) + "/";
  weir::demand(closed.find("/../") == std::string::npos && closed.find("/./") == std::string::npos);
  return 0;
}
