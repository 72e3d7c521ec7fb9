// Any request path: if it has a canonical form, the name it becomes stays below the root by itself (before the kernel
// sees to it as well), and nothing hidden is named.
#include <string>

#include "base/testing/fuzz.h"
#include "http/path.h"
#include "services/files/names.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  weir::BlockPool pool;
  weir::Arena arena(pool);
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto path = weir::canonical_path(bytes, arena);
  for (const char* const text : {"$path", "$path/", "$path.html"}) {
    const auto candidate = weir::files::Candidate::parse(text);
    const auto name = weir::files::decide_name(path ? *path : std::string_view(bytes), candidate, false, arena);
    if (!name.usable) continue;
    weir::demand(!name.name.starts_with('/') && !name.name.ends_with('/'));
    weir::demand(name.name.find('\0') == std::string_view::npos);
    const std::string closed = "/" + std::string(name.name) + "/";
    if (closed == "//") continue;
    weir::demand(closed.find("/../") == std::string::npos && closed.find("/./") == std::string::npos);
    weir::demand(closed.find("//") == std::string::npos);
    const std::string visible = closed.starts_with("/.well-known/") ? closed.substr(12) : closed;
    weir::demand(visible.find("/.") == std::string::npos);
  }
  return 0;
}
