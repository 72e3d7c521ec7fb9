// `weir run`: the gateway in the foreground.
#include "app/commands/commands.h"
#include "app/process/process.h"

namespace weir {

int run_command(const Arguments& arguments) {
  Process process({.configuration_file = configuration_file(arguments, true),
                   .state = std::string(arguments.value_of("state").value_or(std::string_view())),
                   .refuse_broken = arguments.has("refuse-broken")});
  return static_cast<int>(process.run());
}

}  // namespace weir
