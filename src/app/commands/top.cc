// `weir top`: who and what is heaviest now, drawn anew until interrupted; once where nobody looks at a terminal.
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>

#include "app/admin/top_page.h"
#include "app/commands/admin_client.h"
#include "app/commands/commands.h"
#include "base/text.h"

namespace weir {
namespace {

constexpr std::uint64_t interval_seconds_max = 3600;

struct Asked {
  std::string target;
  std::uint64_t interval_seconds = 2;
};

/// \returns  or else a sentence about what was typed
std::expected<Asked, std::string> read_question(const Arguments& arguments) {
  Asked asked{.target = arguments.has("json") ? "/top?format=json" : "/top?format=text"};
  if (const auto by = arguments.value_of("by")) {
    if (!top_by(*by)) return std::unexpected(fmt::format("--by \"{}\" is none of rule, key, route, client", *by));
    asked.target += fmt::format("&by={}", *by);
  }
  if (const auto rows = arguments.value_of("rows")) {
    const auto number = text::parse_decimal(*rows);
    if (!number || *number == 0 || *number > top_rows_max)
      return std::unexpected(fmt::format("--rows \"{}\" is not a number from 1 to {}", *rows, top_rows_max));
    asked.target += fmt::format("&rows={}", *number);
  }
  if (const auto interval = arguments.value_of("interval")) {
    const auto number = text::parse_decimal(*interval);
    if (!number || *number == 0 || *number > interval_seconds_max)
      return std::unexpected(
          fmt::format("--interval \"{}\" is not a number of seconds from 1 to {}", *interval, interval_seconds_max));
    asked.interval_seconds = *number;
  }
  return asked;
}

/// \returns  whether there was a page
bool show_page(const Arguments& arguments, const std::string& target, std::string_view before) {
  const auto reply = ask_admin(arguments.value_of("admin").value_or(std::string_view()), "GET", target);
  if (!reply || reply->status != 200) {
    fmt::print(stderr, "weir top: {}\n", reply ? text::trim(reply->body) : std::string_view(reply.error()));
    return false;
  }
  fmt::print("{}{}", before, reply->body);
  return std::fflush(stdout) == 0;
}

}  // namespace

int top_command(const Arguments& arguments) {
  const auto asked = read_question(arguments);
  if (!asked) return usage_error("top", asked.error());
  const bool live = !arguments.has("once") && !arguments.has("json") && ::isatty(STDOUT_FILENO) == 1;
  if (!live) return show_page(arguments, asked->target, {}) ? 0 : exit_failed;
  // ECMA-48: the cursor home, and what is below it gone. What stood on the terminal before scrolls away with it.
  while (show_page(arguments, asked->target, "\033[H\033[J"))
    (void)::poll(nullptr, 0, static_cast<int>(asked->interval_seconds * 1000));
  return exit_failed;
}

}  // namespace weir
