// `weir upstream list | drain | disable | enable | weight`: who serves, and the operator's hand on them.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "app/admin/query.h"
#include "app/commands/admin_client.h"
#include "app/commands/commands.h"
#include "upstream/operator_word.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int status_still_busy = 202;

std::string_view admin_of(const Arguments& arguments) {
  return arguments.value_of("admin").value_or(std::string_view());
}

int complain(std::string_view sentence) {
  return usage_error("upstream", sentence);
}

/// Prints what came back. \returns  the exit code
int told(const std::expected<AdminReply, std::string>& reply, const Arguments& arguments, bool done) {
  if (!reply) {
    fmt::print(stderr, "weir upstream: {}\n", reply.error());
    return exit_failed;
  }
  const bool understood = reply->status < 300;
  fmt::print(understood || arguments.has("json") ? stdout : stderr, "{}", reply->body);
  return done && understood ? 0 : exit_failed;
}

int list(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.positionals();
  if (words.size() > 2) return complain("write weir upstream list, or weir upstream list UPSTREAM");
  std::string target = arguments.has("json") ? "/upstreams?" : "/upstreams?format=text";
  if (words.size() == 2) target += fmt::format("&name={}", percent_encoded(words[1]));
  return told(ask_admin(admin_of(arguments), "GET", target), arguments, true);
}

/// An answer comes within limits::drain_answer; whoever waits longer asks again, which changes nothing.
int order(EndpointVerb verb, const Arguments& arguments, Duration wait) {
  const std::vector<std::string>& words = arguments.positionals();
  std::string target = fmt::format(
      "/upstreams/{}?upstream={}&endpoint={}{}{}", name_of(verb), percent_encoded(words[1]), percent_encoded(words[2]),
      arguments.has("json") ? "" : "&format=text", arguments.has("force") ? "&force=1" : "");
  if (verb == EndpointVerb::weight) target += fmt::format("&weight={}", percent_encoded(words[3]));
  const std::string_view address = admin_of(arguments);
  const auto deadline = Clock::now() + wait;
  while (true) {
    const auto left = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()),
                               std::chrono::milliseconds{0});
    const auto reply = ask_admin(address, "POST", fmt::format("{}&wait={}ms", target, left.count()));
    const bool busy = reply && reply->status == status_still_busy;
    if (!busy || left.count() == 0) return told(reply, arguments, !busy || wait == Duration::zero());
  }
}

}  // namespace

int upstream_command(const Arguments& arguments) {
  const std::vector<std::string>& words = arguments.positionals();
  if (words.empty()) return complain("write list, drain, disable, enable or weight behind it");
  if (words[0] == "list") return list(arguments);
  const auto verb = endpoint_verb(words[0]);
  if (!verb) return complain(fmt::format("unknown word {}; write list, drain, disable, enable or weight", words[0]));
  const std::size_t wanted = *verb == EndpointVerb::weight ? 4 : 3;
  if (words.size() != wanted) {
    return complain(fmt::format("write weir upstream {} UPSTREAM ENDPOINT{}", words[0],
                                *verb == EndpointVerb::weight ? " WEIGHT" : ""));
  }
  Duration wait{};
  if (const auto written = arguments.value_of("wait")) {
    const auto duration = duration_of(std::string(*written));
    const bool takes_out = *verb == EndpointVerb::drain || *verb == EndpointVerb::disable;
    if (!takes_out) return complain("only drain and disable have something to wait for");
    if (!duration || *duration <= Duration::zero())
      return complain(fmt::format("--wait \"{}\" is not a duration such as 5m", *written));
    wait = *duration;
  }
  return order(*verb, arguments, wait);
}

}  // namespace weir
