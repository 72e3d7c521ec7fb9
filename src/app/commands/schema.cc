// `weir schema` and `weir completion`: what programs that help people type want to know.
#include <fmt/format.h>

#include <cstdio>

#include "app/commands/commands.h"
#include "app/reference/generated.h"

namespace weir {

int schema_command(const Arguments&) {
  fmt::print("{}", reference::json_schema());
  return 0;
}

int completion_command(const Arguments& arguments) {
  if (arguments.positionals().empty()) return usage_error("completion", "for which shell? bash, zsh or fish");
  const std::string& shell = arguments.positionals().front();
  if (shell == "bash")
    fmt::print("{}", reference::completion_for_bash());
  else if (shell == "zsh")
    fmt::print("{}", reference::completion_for_zsh());
  else if (shell == "fish")
    fmt::print("{}", reference::completion_for_fish());
  else
    return usage_error("completion", fmt::format("\"{}\" is not bash, zsh or fish", shell));
  return 0;
}

}  // namespace weir
