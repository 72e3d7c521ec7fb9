// `weir check`: everything that is wrong with a configuration, plug-ins' options included.
#include <fmt/format.h>

#include <cstdio>

#include "app/commands/commands.h"
#include "app/commands/load.h"
#include "app/commands/terminal.h"

namespace weir {
namespace {

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void print_for_people(const std::string& file, const LoadedConfiguration& loaded) {
  const Emphasis loud = emphasis_on(stderr);
  for (const Diagnostic& diagnostic : loaded.diagnostics.all()) {
    const bool bad = diagnostic.severity == Severity::error;
    fmt::print(stderr, "{}{}{}\n", bad ? loud.red : loud.bold, diagnostic.text(), loud.plain);
  }
  if (loaded.gateway == nullptr) {
    fmt::print(stderr, "{}: {}\n", file, loaded.diagnostics.summary());
    return;
  }
  const Emphasis emphasis = emphasis_on(stdout);
  fmt::print("{}: {}ok{} ({}, {}, {}, {})\n", file, emphasis.green, emphasis.plain,
             counted(loaded.document.listeners.size(), "listener"), counted(loaded.gateway->routes.size(), "route"),
             counted(loaded.document.upstreams.size(), "upstream"), "configuration " + loaded.document.hash.brief());
}

}  // namespace

int check_command(const Arguments& arguments) {
  if (!arguments.positionals().empty() && arguments.has("config"))
    return usage_error("check", "one file at a time: give FILE or --config FILE");
  const std::string file = configuration_file(arguments, true);
  const LoadedConfiguration loaded = load_configuration(file);
  if (arguments.has("json"))
    fmt::print("{}\n", loaded.diagnostics.json());
  else
    print_for_people(file, loaded);
  return loaded.gateway == nullptr ? exit_failed : 0;
}

}  // namespace weir
