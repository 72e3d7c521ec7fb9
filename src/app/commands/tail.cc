// `weir tail`: follows live requests until interrupted.
#include <fmt/format.h>

#include <cstdio>

#include "app/commands/admin_client.h"
#include "app/commands/commands.h"
#include "base/text.h"

namespace weir {
namespace {

/// Passes whole lines on to standard output, without the empty ones that only keep the connection alive.
class Lines {
 public:
  explicit Lines(std::uint64_t most) : left_(most) {}

  /// \returns  whether more is wanted
  bool take(std::string_view bytes) {
    rest_ += bytes;
    std::size_t end = rest_.find('\n');
    for (; end != std::string::npos && left_ > 0; end = rest_.find('\n')) {
      const std::string_view line = std::string_view(rest_).substr(0, end + 1);
      if (line.size() > 1) {
        std::fwrite(line.data(), 1, line.size(), stdout);
        if (counts(line)) --left_;
      }
      rest_.erase(0, end + 1);
    }
    return std::fflush(stdout) == 0 && left_ > 0;
  }

 private:
  /// What was skipped is not a request.
  static bool counts(std::string_view line) { return !line.starts_with('#') && !line.starts_with("{\"skipped\""); }

  std::uint64_t left_;
  std::string rest_;
};

}  // namespace

int tail_command(const Arguments& arguments) {
  std::uint64_t most = UINT64_MAX;
  if (const auto count = arguments.value_of("count")) {
    const auto number = text::parse_decimal(*count);
    if (!number || *number == 0)
      return usage_error("tail", fmt::format("--count \"{}\" is not a number of requests", *count));
    most = *number;
  }
  std::string target = arguments.has("json") ? "/tail?format=json" : "/tail?format=text";
  for (const std::string_view name : {"status", "route", "upstream", "slower", "rate"}) {
    if (const auto value = arguments.value_of(name)) target += fmt::format("&{}={}", name, percent_encoded(*value));
  }
  Lines lines(most);
  const auto reply = follow_admin(arguments.value_of("admin").value_or(std::string_view()), target,
                                  [&](std::string_view bytes) { return lines.take(bytes); });
  if (!reply) {
    fmt::print(stderr, "weir tail: {}\n", reply.error());
    return exit_failed;
  }
  if (reply->status == 200) return 0;
  if (reply->status == 400) return usage_error("tail", reply->body.substr(0, reply->body.find('\n')));
  fmt::print(stderr, "weir tail: {}", reply->body);
  return exit_failed;
}

}  // namespace weir
