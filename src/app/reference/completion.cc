// Completion for bash, zsh and fish: commands, their flags, and what may stand behind them.
//
// Idea: what a value is follows from the word that help calls it: FILE is completed with files, METHOD with methods,
// COMMAND with commands, SHELL with shells. Everything else (addresses, names) is left to the one who types.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "app/commands/commands.h"
#include "app/reference/generated.h"
#include "base/text.h"

namespace weir::reference {
namespace {

constexpr std::string_view methods = "GET HEAD POST PUT PATCH DELETE OPTIONS";
constexpr std::string_view shells = "bash zsh fish";

std::string command_names() {
  std::string out;
  for (const CommandKind& command : command_kinds()) out += (out.empty() ? "" : " ") + std::string(command.name);
  return out;
}

/// `reload | stop`: a command with its other name.
std::string pattern_of(const CommandKind& command) {
  return command.alias.empty() ? std::string(command.name) : fmt::format("{} | {}", command.name, command.alias);
}

/// Words that a value or a positional can be, beside files.
std::string words_of(std::string_view value_name) {
  if (value_name.contains("METHOD")) return std::string(methods);
  if (value_name.contains("COMMAND")) return command_names();
  if (value_name.contains("SHELL")) return std::string(shells);
  if (value_name.contains("UPSTREAM ENDPOINT")) return "list drain disable enable weight";
  return {};
}

bool takes_file(std::string_view value_name) {
  return value_name.contains("FILE");
}

/// In single quotes of a shell; zsh takes brackets and colons for its own.
std::string quotable(std::string_view text, std::string_view special = "") {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (special.contains(c)) out += '\\';
    out += c;
  }
  return out;
}

/// Every flag of any command that takes a value: `-c`, `--config`. \param files  those that take a file, or the others
std::string flags_with_values(bool files) {
  std::vector<std::string> all;
  const auto add = [&](std::string flag) {
    for (const std::string& known : all) {
      if (known == flag) return;
    }
    all.push_back(std::move(flag));
  };
  for (const CommandKind& command : command_kinds()) {
    for (const FlagKind& flag : command.flags) {
      if (flag.value_name.empty() || takes_file(flag.value_name) != files) continue;
      if (flag.letter != '\0') add(fmt::format("-{}", flag.letter));
      add(fmt::format("--{}", flag.name));
    }
  }
  std::string out;
  for (const std::string& flag : all) out += (out.empty() ? "" : " | ") + flag;
  return out;
}

std::string flag_words(const CommandKind& command) {
  std::string out;
  for (const FlagKind& flag : command.flags) {
    if (flag.letter != '\0') out += fmt::format("-{} ", flag.letter);
    out += fmt::format("--{} ", flag.name);
  }
  return out + words_of(command.arguments);
}

}  // namespace

std::string completion_for_bash() {
  std::string out = fmt::format(R"(# Completion of weir's commands and flags for bash, made by `./dev generate`.
# Install as /usr/share/bash-completion/completions/weir, or: source <(weir completion bash)

_weir() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} words='' files=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '{}' -- "$current")
    return
  fi
  case $previous in
    {})
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    {}) return ;;
  esac
  case ${{COMP_WORDS[1]}} in
)",
                                command_names(), flags_with_values(true), flags_with_values(false));
  for (const CommandKind& command : command_kinds()) {
    out += fmt::format("    {}) words='{}'{} ;;\n", pattern_of(command), quotable(text::trim(flag_words(command))),
                       takes_file(command.arguments) ? " files=yes" : "");
  }
  out += R"(  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if [[ $files && $current != -* ]]; then
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -F _weir weir
)";
  return out;
}

namespace {

std::string zsh_action(std::string_view value_name) {
  if (takes_file(value_name)) return "_files";
  const std::string words = words_of(value_name);
  return words.empty() ? std::string() : fmt::format("({})", words);
}

std::string zsh_flag(const FlagKind& flag) {
  const std::string doc = quotable(flag.doc, "[]:");
  const std::string value = flag.value_name.empty()
                                ? std::string()
                                : fmt::format(":{}:{}", quotable(flag.value_name, ":"), zsh_action(flag.value_name));
  const bool repeats = flag.doc.contains("may be repeated");
  if (flag.letter == '\0') return fmt::format("'{}--{}[{}]{}'", repeats ? "*" : "", flag.name, doc, value);
  const std::string excludes = repeats ? "*" : fmt::format("(-{} --{})", flag.letter, flag.name);
  return fmt::format("'{}'{{-{},--{}}}'[{}]{}'", excludes, flag.letter, flag.name, doc, value);
}

}  // namespace

std::string completion_for_zsh() {
  std::string out = R"(#compdef weir
# Completion of weir's commands and flags for zsh, made by `./dev generate`.
# Install as /usr/share/zsh/vendor-completions/_weir.

_weir() {
  local -a commands
  commands=(
)";
  for (const CommandKind& command : command_kinds())
    out += fmt::format("    '{}:{}'\n", command.name, quotable(command.doc, ":"));
  out += R"(  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
)";
  for (const CommandKind& command : command_kinds()) {
    out += fmt::format("    {})\n      _arguments", pattern_of(command));
    for (const FlagKind& flag : command.flags) out += fmt::format(" \\\n        {}", zsh_flag(flag));
    if (command.positionals_max > 0)
      out += fmt::format(" \\\n        '*:{}:{}'", quotable(command.arguments, "[]:"), zsh_action(command.arguments));
    out += "\n      ;;\n";
  }
  return out + "  esac\n}\n\n_weir \"$@\"\n";
}

std::string completion_for_fish() {
  std::string out = R"(# Completion of weir's commands and flags for fish, made by `./dev generate`.
# Install as /usr/share/fish/vendor_completions.d/weir.fish, or: weir completion fish | source

complete -c weir -f
)";
  for (const CommandKind& command : command_kinds())
    out +=
        fmt::format("complete -c weir -n __fish_use_subcommand -a {} -d '{}'\n", command.name, quotable(command.doc));
  for (const CommandKind& command : command_kinds()) {
    const std::string names =
        command.alias.empty() ? std::string(command.name) : fmt::format("{} {}", command.name, command.alias);
    const std::string condition = fmt::format("complete -c weir -n '__fish_seen_subcommand_from {}'", names);
    for (const FlagKind& flag : command.flags) {
      out += condition;
      if (flag.letter != '\0') out += fmt::format(" -s {}", flag.letter);
      out += fmt::format(" -l {}", flag.name);
      if (!flag.value_name.empty()) out += takes_file(flag.value_name) ? " -r -F" : " -x";
      out += fmt::format(" -d '{}'\n", quotable(flag.doc));
    }
    if (takes_file(command.arguments)) out += condition + " -F\n";
    if (const std::string words = words_of(command.arguments); !words.empty())
      out += fmt::format("{} -a '{}'\n", condition, words);
  }
  return out;
}

}  // namespace weir::reference
