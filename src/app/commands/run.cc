// `weir run`: the gateway in the foreground.
#include "app/commands/commands.h"
#include "app/process/process.h"

namespace weir {

int run_command(const Arguments& arguments) {
  Process process({.configuration_file = std::string(arguments.value_of("config").value_or("/etc/weir/weir.yaml"))});
  return static_cast<int>(process.run());
}

}  // namespace weir
