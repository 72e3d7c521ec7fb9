// RESP as far as PING needs it: https://redis.io/docs/latest/develop/reference/protocol-spec/
#include "health_checks/redis/redis.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "contracts/plugin.h"

namespace weir {
namespace {

ProbeResult judge_line(std::string_view line, bool of_auth) {
  if (line == (of_auth ? "+OK" : "+PONG")) return {.passed = true, .reason = of_auth ? "authenticated" : "pong"};
  if (line.starts_with("-NOAUTH")) return {.passed = true, .reason = "asks_for_password"};
  if (line.starts_with("-WRONGPASS") || line.starts_with("-ERR invalid password")) return {.reason = "wrong_password"};
  if (line.starts_with("-LOADING")) return {.reason = "loading"};
  if (line.starts_with("-MASTERDOWN")) return {.reason = "primary_down"};
  if (line.starts_with('-')) return {.reason = "error_answer"};
  return {.reason = "not_redis"};
}

}  // namespace

RedisCheck::RedisCheck(const RedisCheckOptions& options)
    : question_("*1\r\n$4\r\nPING\r\n"), with_password_(!options.password.empty()) {
  if (with_password_)
    question_.insert(0, fmt::format("*2\r\n$4\r\nAUTH\r\n${}\r\n{}\r\n", options.password.size(), options.password));
}

std::optional<ProbeResult> RedisCheck::judge(bool with_password, std::string_view answer, bool ended) {
  bool of_auth = with_password;
  while (true) {
    const std::size_t end = answer.find("\r\n");
    if (end == std::string_view::npos || end > limits::redis_check_line_bytes) {
      // A line that is just not too long may have come without its end, or with the half of it.
      if (answer.size() >= limits::redis_check_line_bytes + 2) return ProbeResult{.reason = "not_redis"};
      if (!ended) return {};
      return ProbeResult{.reason = answer.empty() ? "no_answer" : "not_redis"};
    }
    const ProbeResult result = judge_line(answer.substr(0, end), of_auth);
    if (!of_auth || !result.passed) return result;
    of_auth = false;
    answer.remove_prefix(end + 2);
  }
}

Task<ProbeResult> RedisCheck::probe(Stream& stream, const ProbeTarget& target) const {
  const bool with_password = with_password_;
  const JudgeAnswer judge_it = [with_password](std::string_view answer, bool ended) {
    return judge(with_password, answer, ended);
  };
  co_return co_await converse(stream, question_, judge_it, target.deadline);
}

namespace {

const Schema<RedisCheckOptions>& options_schema() {
  static const auto schema = Schema<RedisCheckOptions>("redis", "A Redis or Valkey server answers PING.")
                                 .option("password", &RedisCheckOptions::password,
                                         {.doc = "For AUTH; without it a server that asks for one is up.",
                                          .example = "${env:REDIS_PASSWORD:-}"});
  return schema;
}

std::unique_ptr<const HealthCheck> build(const Node& node, BuildContext& context) {
  const auto options = options_schema().read(node, Reading(context.diagnostics, context.path));
  if (!options) return {};
  return std::make_unique<RedisCheck>(*options);
}

}  // namespace

const HealthCheckKind& redis_check() {
  static constexpr HealthCheckKind kind{
      .name = "redis", .schema = []() -> const SchemaBase& { return options_schema(); }, .build = &build};
  return kind;
}

}  // namespace weir
