// Everything the binary can be asked to do: one entry per verb in commands.cc, one file per verb beside it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "app/commands/arguments.h"

namespace weir {

/// A line that somebody could type, and what it is for.
struct CommandExample {
  std::string_view line;  ///< begins with `weir NAME`; a test parses it
  std::string_view doc;   ///< one line, no full stop
};

/// The headings of `weir help`, in this order.
enum class CommandGroup : std::uint8_t { serve, configuration, running, other };

struct CommandKind {
  std::string_view name;
  std::string_view alias;      ///< another word for it; may be empty
  std::string_view arguments;  ///< what follows the name, for people: "METHOD URL"
  std::string_view doc;        ///< one line, no full stop
  std::string_view details;    ///< for its own help page; may be empty
  std::span<const CommandExample> examples;
  CommandGroup group = CommandGroup::other;
  std::span<const FlagKind> flags;
  std::size_t positionals_max = 0;
  int (*run)(const Arguments& arguments) = nullptr;
};

/// In the order in which help names them.
std::span<const CommandKind> command_kinds();
/// By name or alias, or null.
const CommandKind* find_command(std::string_view name);

/// What main() does. \returns  the exit code
int run_weir(int argc, char** argv);

// Exit codes beyond those of a verb (docs: Caddy's table and sysexits).
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 64;

/// `weir: sentence`, a hint where to read on, and exit_usage.
int usage_error(std::string_view command, std::string_view sentence);
/// The page `weir help` prints, or that of one command.
void print_help(const CommandKind* command);

int run_command(const Arguments& arguments);
int check_command(const Arguments& arguments);
int explain_command(const Arguments& arguments);
int tail_command(const Arguments& arguments);
int reload_command(const Arguments& arguments);
int stop_command(const Arguments& arguments);
int status_command(const Arguments& arguments);
int limits_command(const Arguments& arguments);
int top_command(const Arguments& arguments);
int upstream_command(const Arguments& arguments);
int healthcheck_command(const Arguments& arguments);
int hash_password_command(const Arguments& arguments);
int api_key_command(const Arguments& arguments);
int tls_command(const Arguments& arguments);
int demo_origin_command(const Arguments& arguments);
int history_command(const Arguments& arguments);
int diff_command(const Arguments& arguments);
int rollback_command(const Arguments& arguments);
int fmt_command(const Arguments& arguments);
int schema_command(const Arguments& arguments);
int completion_command(const Arguments& arguments);
int version_command(const Arguments& arguments);
int help_command(const Arguments& arguments);

/// The configuration asked for: the first positional, else --config, else /etc/weir/weir.yaml.
std::string configuration_file(const Arguments& arguments, bool positional_allowed);

}  // namespace weir
