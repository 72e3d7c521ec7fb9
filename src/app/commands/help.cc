// `weir help`: a page for a stranger.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <utility>

#include "app/commands/commands.h"
#include "app/commands/terminal.h"

namespace weir {
namespace {

constexpr std::array<std::pair<CommandGroup, std::string_view>, 4> headings{{
    {CommandGroup::serve, "Serve"},
    {CommandGroup::configuration, "Ask and change a configuration"},
    {CommandGroup::running, "Ask and steer the running weir"},
    {CommandGroup::other, "The rest"},
}};

void print_overview() {
  const Emphasis emphasis = emphasis_on(stdout);
  fmt::print("{}weir{} is an edge proxy: it takes HTTP requests, decides, and passes them on.\n\n", emphasis.bold,
             emphasis.plain);
  fmt::print("  weir COMMAND [flags]\n");
  for (const auto& [group, heading] : headings) {
    fmt::print("\n{}\n", heading);
    for (const CommandKind& command : command_kinds()) {
      if (command.group != group) continue;
      fmt::print("  {}{:<14}{} {}\n", emphasis.bold, command.name, emphasis.plain, command.doc);
    }
  }
  fmt::print(
      "\nA first gateway, in a file of six lines:\n\n"
      "  listeners:\n"
      "    - \":8080\"\n"
      "  routes:\n"
      "    - match: {{ path: /hello }}\n"
      "      respond: \"Hello from Weir\\n\"\n"
      "    - proxy: http://127.0.0.1:3000\n\n"
      "  weir check weir.yaml\n"
      "  weir run -c weir.yaml\n"
      "  weir explain GET http://localhost:8080/hello -c weir.yaml\n\n"
      "`weir COMMAND --help` tells more about one of them, with examples.\n");
}

std::string written(const FlagKind& flag) {
  std::string text = flag.letter == '\0' ? "    " : fmt::format("-{}, ", flag.letter);
  text += fmt::format("--{}", flag.name);
  if (!flag.value_name.empty()) text += fmt::format(" {}", flag.value_name);
  return text;
}

void print_command(const CommandKind& command) {
  const Emphasis emphasis = emphasis_on(stdout);
  fmt::print("{}weir {}{} {}\n\n  {}\n", emphasis.bold, command.name, emphasis.plain, command.arguments, command.doc);
  if (!command.details.empty()) fmt::print("\n{}\n", command.details);
  fmt::print("\n");
  for (const FlagKind& flag : command.flags) fmt::print("  {:<26} {}\n", written(flag), flag.doc);
  if (!command.examples.empty()) fmt::print("\nExamples\n");
  for (const CommandExample& example : command.examples)
    fmt::print("  {}# {}{}\n  {}\n", emphasis.bold, example.doc, emphasis.plain, example.line);
  if (!command.alias.empty()) fmt::print("\nAlso called `weir {}`.\n", command.alias);
}

}  // namespace

void print_help(const CommandKind* command) {
  if (command == nullptr)
    print_overview();
  else
    print_command(*command);
}

int help_command(const Arguments& arguments) {
  if (arguments.positionals().empty()) {
    print_help(nullptr);
    return 0;
  }
  const CommandKind* command = find_command(arguments.positionals().front());
  if (command == nullptr)
    return usage_error("help", fmt::format("there is no command \"{}\"", arguments.positionals().front()));
  print_help(command);
  return 0;
}

}  // namespace weir
