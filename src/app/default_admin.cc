// The three places of default_admin.h.
#include "app/default_admin.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

namespace weir {

std::string default_admin_path() {
  if (::geteuid() == 0) return "/run/weir/admin.sock";
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime != '\0') return fmt::format("{}/weir/admin.sock", runtime);
  return fmt::format("/tmp/weir-{}/admin.sock", ::geteuid());
}

}  // namespace weir
