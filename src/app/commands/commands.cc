// The table of verbs, and the way from argv to one of them.
#include "app/commands/commands.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "app/commands/examples.h"
#include "base/text.h"

namespace weir {
namespace {

constexpr FlagKind config_flag{
    .name = "config", .letter = 'c', .value_name = "FILE", .doc = "the configuration; default /etc/weir/weir.yaml"};
constexpr FlagKind json_flag{.name = "json", .value_name = {}, .doc = "print JSON, for programs"};
constexpr FlagKind admin_flag{
    .name = "admin",
    .value_name = "ADDRESS",
    .doc = "of the running weir: unix:PATH or HOST:PORT; default /run/weir/admin.sock or under $XDG_RUNTIME_DIR"};
constexpr FlagKind help_flag{.name = "help", .letter = 'h', .value_name = {}, .doc = "this page"};

constexpr FlagKind state_flag{
    .name = "state", .value_name = "DIR", .doc = "read this state folder, with or without a running weir"};

constexpr std::array run_flags{
    config_flag,
    FlagKind{.name = "state",
             .value_name = "DIR",
             .doc = "where configurations that ran are kept; goes before `state:` in the file; off for nowhere"},
    FlagKind{.name = "refuse-broken",
             .value_name = {},
             .doc = "do not start from the last good configuration when the file is broken or gone"},
    help_flag};
constexpr std::array reload_flags{
    FlagKind{.name = "force", .value_name = {}, .doc = "also when the file still says what was rolled back"},
    admin_flag, json_flag, help_flag};
constexpr std::array fmt_flags{
    FlagKind{.name = "check", .value_name = {}, .doc = "change nothing; end with 1 when the layout is another"},
    FlagKind{.name = "explicit",
             .value_name = {},
             .doc = "print the file with long forms and every default, without comments; change nothing"},
    help_flag};
constexpr std::array history_flags{state_flag, admin_flag, json_flag, help_flag};
constexpr std::array check_flags{config_flag, json_flag, help_flag};
constexpr std::array explain_flags{
    FlagKind{.name = "header",
             .letter = 'H',
             .value_name = "'NAME: VALUE'",
             .doc = "a field of the request; may be repeated"},
    FlagKind{.name = "from", .value_name = "ADDRESS", .doc = "the client's address; default 127.0.0.1"},
    FlagKind{.name = "listener", .value_name = "NAME", .doc = "the listener it comes by; default the first that fits"},
    FlagKind{.name = "config", .letter = 'c', .value_name = "FILE", .doc = "ask this file and no running process"},
    admin_flag,
    json_flag,
    help_flag,
};
constexpr std::array tail_flags{
    FlagKind{.name = "status", .value_name = "5xx", .doc = "only these: classes, numbers, none; several with commas"},
    FlagKind{.name = "route", .value_name = "NAME", .doc = "only of this route"},
    FlagKind{.name = "upstream", .value_name = "NAME", .doc = "only of this upstream"},
    FlagKind{.name = "slower", .value_name = "200ms", .doc = "only what took at least as long"},
    FlagKind{.name = "rate", .value_name = "N", .doc = "lines a second, at most; default 200"},
    FlagKind{.name = "count", .value_name = "N", .doc = "end after so many requests"},
    admin_flag,
    json_flag,
    help_flag,
};
constexpr std::array top_flags{
    FlagKind{.name = "by", .value_name = "WHAT", .doc = "only this: rule, key, route or client; default all of them"},
    FlagKind{.name = "rows", .value_name = "N", .doc = "lines of each table, up to 100; default 10"},
    FlagKind{.name = "interval", .value_name = "SECONDS", .doc = "between two looks on a terminal; default 2"},
    FlagKind{.name = "once", .value_name = {}, .doc = "look once and end, also on a terminal"},
    admin_flag,
    json_flag,
    help_flag,
};
constexpr std::array admin_flags{admin_flag, json_flag, help_flag};
constexpr std::array upstream_flags{
    FlagKind{.name = "wait", .value_name = "5m", .doc = "until nothing is in flight there, at most so long"},
    FlagKind{.name = "force", .value_name = {}, .doc = "also take out the last endpoint that is well"},
    admin_flag,
    json_flag,
    help_flag,
};
constexpr std::array healthcheck_flags{
    FlagKind{.name = "ready", .value_name = {}, .doc = "ask for readiness: a draining weir lives and is not ready"},
    admin_flag,
    help_flag,
};
constexpr std::array hash_password_flags{
    FlagKind{.name = "user", .letter = 'u', .value_name = "NAME", .doc = "print a line for a file of users"},
    FlagKind{.name = "algorithm", .value_name = "NAME", .doc = "argon2id (the default) or bcrypt"},
    FlagKind{.name = "cost", .value_name = "NUMBER", .doc = "of bcrypt: 4 to 16; default 12"},
    help_flag,
};
constexpr std::array api_key_flags{
    FlagKind{.name = "expires", .value_name = "DATE", .doc = "the last day on which it is taken: 2027-01-31"},
    help_flag,
};
constexpr std::array tls_flags{
    FlagKind{.name = "name", .value_name = "HOST", .doc = "the name that has to be in the certificate"},
    FlagKind{.name = "authorities", .value_name = "FILE", .doc = "whom to trust in place of whom this machine trusts"},
    FlagKind{.name = "revocation", .value_name = "FILE", .doc = "lists of revoked certificates (CRL, PEM) to look at"},
    FlagKind{.name = "ocsp", .value_name = "FILE", .doc = "with a file: an OCSP answer (DER) to look at"},
    help_flag,
};
constexpr std::array demo_origin_flags{
    FlagKind{.name = "listen", .value_name = "ADDRESS", .doc = "where it listens; default 127.0.0.1:9000"}, help_flag};
constexpr std::array only_help_flag{help_flag};

constexpr std::array commands{
    CommandKind{
        .name = "run",
        .alias = {},
        .arguments = "[-c FILE]",
        .doc = "be the gateway, in the foreground",
        .details =
            "TERM, QUIT and INT drain and end it (a second one ends it at once), HUP reloads, USR1 opens the logs "
            "anew.\n"
            "Ends with 0 when all is well, 1 when it could not start, 2 when forced, 3 when the drain ran out of time.",
        .examples = run_examples,
        .group = CommandGroup::serve,
        .flags = run_flags,
        .positionals_max = 1,
        .run = run_command},
    CommandKind{
        .name = "check",
        .alias = "validate",
        .arguments = "[-c] FILE [--json]",
        .doc = "say everything that is wrong with a configuration",
        .details =
            "All mistakes at once, each as file:line:column. Ends with 0 when the file may run, with 1 when not.\n"
            "`weir -t -c FILE` does the same.",
        .examples = check_examples,
        .group = CommandGroup::configuration,
        .flags = check_flags,
        .positionals_max = 1,
        .run = check_command},
    CommandKind{
        .name = "explain",
        .alias = {},
        .arguments = "[METHOD] URL | REQUEST-ID",
        .doc = "tell what would happen to a request, or what happened to one, and why",
        .details =
            "Which rule matches and where it stands, which filters run and to what effect, which upstream serves, and\n"
            "which rules came near and why they lost. Sends nothing. With the id of a request that is over, or its\n"
            "beginning, the running process tells what happened to it.",
        .examples = explain_examples,
        .group = CommandGroup::configuration,
        .flags = explain_flags,
        .positionals_max = 2,
        .run = explain_command},
    CommandKind{
        .name = "tail",
        .alias = {},
        .arguments = {},
        .doc = "follow live requests, a line each",
        .details = "Until interrupted. Requests never wait for it: under load it shows a sample and says how many more "
                   "there were.",
        .examples = tail_examples,
        .group = CommandGroup::running,
        .flags = tail_flags,
        .positionals_max = 0,
        .run = tail_command},
    CommandKind{
        .name = "reload",
        .alias = {},
        .arguments = {},
        .doc = "let the running weir read its configuration again",
        .details =
            "All or nothing: a configuration with mistakes changes nothing and says why. Ends with 0 when the new\n"
            "configuration is live on every core, with 1 when the old one stayed. A file that was rolled back and has\n"
            "not changed since is not taken over again, unless --force says so.",
        .examples = reload_examples,
        .group = CommandGroup::running,
        .flags = reload_flags,
        .positionals_max = 0,
        .run = reload_command},
    CommandKind{
        .name = "rollback",
        .alias = {},
        .arguments = "[HASH]",
        .doc = "put back a configuration that ran before",
        .details =
            "In one step, as a reload does. Without HASH it is the one that ran before; once more brings back what\n"
            "was rolled back. The file is not touched: it waits until it is edited, or `weir reload --force`.",
        .examples = rollback_examples,
        .group = CommandGroup::running,
        .flags = admin_flags,
        .positionals_max = 1,
        .run = rollback_command},
    CommandKind{.name = "history",
                .alias = {},
                .arguments = {},
                .doc = "show the configurations that ran, and what each changed",
                .details = {},
                .examples = history_examples,
                .group = CommandGroup::running,
                .flags = history_flags,
                .positionals_max = 0,
                .run = history_command},
    CommandKind{
        .name = "diff",
        .alias = {},
        .arguments = "[A [B]]",
        .doc = "say what is different between two configurations, by what they mean",
        .details =
            "A and B are files, hashes of configurations that ran, or the word running. Without B, A is compared with\n"
            "what runs; without both, what runs with its file. How something is written makes no difference.",
        .examples = diff_examples,
        .group = CommandGroup::configuration,
        .flags = history_flags,
        .positionals_max = 2,
        .run = diff_command},
    CommandKind{.name = "stop",
                .alias = {},
                .arguments = {},
                .doc = "let the running weir finish what it has begun, and end",
                .details = {},
                .examples = stop_examples,
                .group = CommandGroup::running,
                .flags = admin_flags,
                .positionals_max = 0,
                .run = stop_command},
    CommandKind{.name = "status",
                .alias = {},
                .arguments = {},
                .doc = "show what runs: listeners, configuration, the last reload",
                .details = {},
                .examples = status_examples,
                .group = CommandGroup::running,
                .flags = admin_flags,
                .positionals_max = 0,
                .run = status_command},
    CommandKind{.name = "limits",
                .alias = {},
                .arguments = {},
                .doc = "show what limits decide, whom they refuse most, and how much they let through at most",
                .details = "Of each rule: the most that a key may spend in the mean, in the worst second and in the "
                           "worst ten, computed from its numbers. docs/fleet-limits.md explains it.",
                .examples = limits_examples,
                .group = CommandGroup::running,
                .flags = admin_flags,
                .positionals_max = 0,
                .run = limits_command},
    CommandKind{
        .name = "top",
        .alias = {},
        .arguments = {},
        .doc = "show the heaviest clients, routes and keys of limits in the last ten to twenty seconds",
        .details =
            "On a terminal drawn anew until interrupted; once where the output goes elsewhere, with --once and with\n"
            "--json. The first hundred requests a second are counted one by one, then one in sixteen, drawn by "
            "chance.\n"
            "Where two numbers stand the truth is between them. What may be a secret is shown as a short hash.\n"
            "docs/top.md explains it.",
        .examples = top_examples,
        .group = CommandGroup::running,
        .flags = top_flags,
        .positionals_max = 0,
        .run = top_command},
    CommandKind{
        .name = "upstream",
        .alias = {},
        .arguments = "list [UPSTREAM] | drain, disable, enable UPSTREAM ENDPOINT | weight UPSTREAM ENDPOINT N",
        .doc = "show the endpoints of upstreams, and take them out and back without a reload",
        .details =
            "drain: no new requests, those in flight end by themselves. disable: those in flight are given up, too.\n"
            "enable: used again, also when it was ejected. weight: 1 to 1000, or default. All holds over reloads and\n"
            "restarts. Ends with 1 when it is not done, or --wait was too short. docs/taking-a-server-out.md has more.",
        .examples = upstream_examples,
        .group = CommandGroup::running,
        .flags = upstream_flags,
        .positionals_max = 4,
        .run = upstream_command},
    CommandKind{.name = "healthcheck",
                .alias = {},
                .arguments = {},
                .doc = "ask the running weir whether it is well, for container engines",
                .details = "Prints nothing and ends with 0 when it is; says why and ends with 1 when it is not.",
                .examples = healthcheck_examples,
                .group = CommandGroup::running,
                .flags = healthcheck_flags,
                .positionals_max = 0,
                .run = healthcheck_command},
    CommandKind{
        .name = "hash-password",
        .alias = {},
        .arguments = "[--user NAME]",
        .doc = "make the hash of a password, for basic_auth",
        .details = "Reads the password from the terminal, twice and without showing it, or one line of standard input.",
        .examples = hash_password_examples,
        .group = CommandGroup::other,
        .flags = hash_password_flags,
        .positionals_max = 0,
        .run = hash_password_command},
    CommandKind{.name = "api-key",
                .alias = {},
                .arguments = "new NAME [--expires DATE]",
                .doc = "make a key for a client, for api_key",
                .details = "Shows the key on the terminal, once; prints the line for the file of keys, which holds its "
                           "digest only.",
                .examples = api_key_examples,
                .group = CommandGroup::other,
                .flags = api_key_flags,
                .positionals_max = 2,
                .run = api_key_command},
    CommandKind{.name = "tls",
                .alias = {},
                .arguments = "doctor HOST[:PORT]|FILE",
                .doc = "say what is wrong with certificates, and whose fault it is",
                .details = "Shows the chain of a server, or of a file, and who is at fault. Exit code 0: all is well.",
                .examples = tls_examples,
                .group = CommandGroup::other,
                .flags = tls_flags,
                .positionals_max = 2,
                .run = tls_command},
    CommandKind{.name = "demo-origin",
                .alias = {},
                .arguments = "[--listen ADDRESS]",
                .doc = "be a small web server to put the gateway in front of",
                .details = {},
                .examples = demo_origin_examples,
                .group = CommandGroup::serve,
                .flags = demo_origin_flags,
                .positionals_max = 0,
                .run = demo_origin_command},
    CommandKind{
        .name = "fmt",
        .alias = {},
        .arguments = "FILE",
        .doc = "write a configuration in the one layout; comments stay",
        .details =
            "Indentation, blanks and empty lines are put right, in place; order, quotes and comments stay. Before\n"
            "anything is written both texts are compared: they mean the same, or the file is left alone. - is\n"
            "standard input.",
        .examples = fmt_examples,
        .group = CommandGroup::configuration,
        .flags = fmt_flags,
        .positionals_max = 1,
        .run = fmt_command},
    CommandKind{
        .name = "schema",
        .alias = {},
        .arguments = {},
        .doc = "print the JSON Schema of the configuration, for editors",
        .details =
            "With `# yaml-language-server: $schema=./weir.schema.json` in its first line, an editor completes and\n"
            "checks weir.yaml as it is typed.",
        .examples = schema_examples,
        .flags = only_help_flag,
        .positionals_max = 0,
        .run = schema_command},
    CommandKind{.name = "completion",
                .alias = {},
                .arguments = "SHELL",
                .doc = "print completion for bash, zsh or fish",
                .details = {},
                .examples = completion_examples,
                .flags = only_help_flag,
                .positionals_max = 1,
                .run = completion_command},
    CommandKind{.name = "version",
                .alias = {},
                .arguments = {},
                .doc = "print the version",
                .details = {},
                .examples = version_examples,
                .flags = only_help_flag,
                .positionals_max = 0,
                .run = version_command},
    CommandKind{.name = "help",
                .alias = {},
                .arguments = "[COMMAND]",
                .doc = "print this page, or that of one command",
                .details = {},
                .examples = help_examples,
                .flags = only_help_flag,
                .positionals_max = 1,
                .run = help_command},
};

/// Words that people type from habit in the place of a command: nginx -t, curl -V.
std::string_view without_habit(std::string_view word) {
  if (word == "-t") return "check";
  if (word == "-V" || word == "-v" || word == "--version") return "version";
  if (word == "-h" || word == "--help") return "help";
  return word;
}

int unknown_command(std::string_view word) {
  std::vector<std::string_view> names;
  for (const CommandKind& command : commands) names.push_back(command.name);
  const std::string_view nearest = text::nearest(word, names);
  fmt::print(stderr, "weir: there is no command \"{}\"{}\nTry `weir help`.\n", word,
             nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest));
  return exit_usage;
}

}  // namespace

std::span<const CommandKind> command_kinds() {
  return commands;
}

const CommandKind* find_command(std::string_view name) {
  for (const CommandKind& command : commands) {
    if (command.name == name || (!command.alias.empty() && command.alias == name)) return &command;
  }
  return nullptr;
}

int usage_error(std::string_view command, std::string_view sentence) {
  fmt::print(stderr, "weir {}: {}\nTry `weir help {}`.\n", command, sentence, command);
  return exit_usage;
}

std::string configuration_file(const Arguments& arguments, bool positional_allowed) {
  if (positional_allowed && !arguments.positionals().empty()) return arguments.positionals().front();
  return std::string(arguments.value_of("config").value_or("/etc/weir/weir.yaml"));
}

int run_weir(int argc, char** argv) {
  std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (words.empty()) {
    print_help(nullptr);
    return exit_usage;
  }
  const std::string_view name = without_habit(words.front());
  const CommandKind* command = find_command(name);
  // nginx -c FILE -t
  if (command == nullptr && name == "-c" && words.size() == 3 && words[2] == "-t") {
    words.pop_back();
    words.insert(words.begin(), "check");
    command = find_command("check");
  }
  if (command == nullptr) return unknown_command(words.front());
  const auto arguments = parse_arguments(std::span(words).subspan(1), command->flags, command->positionals_max);
  if (!arguments) return usage_error(command->name, arguments.error());
  if (arguments->has("help")) {
    print_help(command);
    return 0;
  }
  return command->run(*arguments);
}

}  // namespace weir
