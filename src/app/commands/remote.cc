// `weir reload`, `stop`, `status`, `limits`, `healthcheck`: one question each to the running process.
#include <fmt/format.h>

#include <cstdio>

#include "app/commands/admin_client.h"
#include "app/commands/commands.h"

namespace weir {
namespace {

/// Asks and prints what comes back. The exit code says whether it was done.
int ask(std::string_view command, std::string_view method, const Arguments& arguments) {
  const bool as_json = arguments.has("json");
  const std::string target =
      fmt::format("/{}?{}{}", command, as_json ? "" : "format=text", arguments.has("force") ? "&force=1" : "");
  const auto reply = ask_admin(arguments.value_of("admin").value_or(std::string_view()), method, target);
  if (!reply) {
    fmt::print(stderr, "weir {}: {}\n", command, reply.error());
    return exit_failed;
  }
  const bool done = reply->status >= 200 && reply->status < 300;
  fmt::print(done || as_json ? stdout : stderr, "{}", reply->body);
  return done ? 0 : exit_failed;
}

}  // namespace

int reload_command(const Arguments& arguments) {
  return ask("reload", "POST", arguments);
}
int stop_command(const Arguments& arguments) {
  return ask("stop", "POST", arguments);
}
int status_command(const Arguments& arguments) {
  return ask("status", "GET", arguments);
}
int limits_command(const Arguments& arguments) {
  return ask("limits", "GET", arguments);
}

// For container engines, whose images have no curl: silent when all is well, since they run it every few seconds.
int healthcheck_command(const Arguments& arguments) {
  const std::string_view target = arguments.has("ready") ? "/readyz" : "/healthz";
  const auto reply = ask_admin(arguments.value_of("admin").value_or(std::string_view()), "GET", target);
  if (reply && reply->status == 200) return 0;
  const std::string why = reply ? reply->body.substr(0, reply->body.find('\n')) : reply.error();
  fmt::print(stderr, "weir healthcheck: {}\n", why);
  return exit_failed;
}

}  // namespace weir
