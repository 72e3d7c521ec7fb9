// The places of default_state.h, in order.
#include "app/default_state.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace weir {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

std::string default_state_folder() {
  // A unit may have several state folders, parted by colons: the first is ours.
  if (const std::string_view given = variable("STATE_DIRECTORY"); !given.empty())
    return std::string(given.substr(0, given.find(':')));
  if (::geteuid() == 0) return "/var/lib/weir";
  if (const std::string_view state = variable("XDG_STATE_HOME"); state.starts_with('/'))
    return fmt::format("{}/weir", state);
  const std::string_view home = variable("HOME");
  return home.starts_with('/') ? fmt::format("{}/.local/state/weir", home) : std::string();
}

}  // namespace weir
