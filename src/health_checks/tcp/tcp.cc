// A connection, and perhaps a greeting.
#include "health_checks/tcp/tcp.h"

#include "contracts/plugin.h"

namespace weir {

std::optional<ProbeResult> TcpCheck::judge(std::string_view expected, std::string_view answer, bool ended) {
  if (answer.starts_with(expected)) return ProbeResult{.passed = true, .reason = "expected_answer"};
  const bool may_still = expected.starts_with(answer) && !ended;
  if (may_still) return {};
  return ProbeResult{.reason = answer.empty() ? "no_answer" : "other_answer"};
}

Task<ProbeResult> TcpCheck::probe(Stream& stream, const ProbeTarget& target) const {
  if (options_.send.empty() && options_.expect.empty()) co_return ProbeResult{.passed = true, .reason = "connected"};
  const std::string_view expected = options_.expect;
  const JudgeAnswer judge_it = [expected](std::string_view answer, bool ended) {
    return judge(expected, answer, ended);
  };
  co_return co_await converse(stream, options_.send, judge_it, target.deadline);
}

namespace {

const Schema<TcpCheckOptions>& options_schema() {
  static const auto schema =
      Schema<TcpCheckOptions>("tcp", "A connection is accepted; and, when asked for, something is answered.")
          .option("send", &TcpCheckOptions::send, {.doc = "What is said first.", .example = "\"PING\\r\\n\""})
          .option("expect", &TcpCheckOptions::expect,
                  {.doc = "What the answer begins with; without it a connection is enough.", .example = "\"220 \""})
          .check([](const Node& node, const Reading& reading, const TcpCheckOptions& options) {
            if (options.send.empty() || !options.expect.empty()) return true;
            return reading.error(node, "something is sent, and no answer is expected", "add expect: to it");
          });
  return schema;
}

std::unique_ptr<const HealthCheck> build(const Node& node, BuildContext& context) {
  auto options = options_schema().read(node, Reading(context.diagnostics, context.path));
  if (!options) return {};
  return std::make_unique<TcpCheck>(std::move(*options));
}

}  // namespace

const HealthCheckKind& tcp_check() {
  static constexpr HealthCheckKind kind{
      .name = "tcp", .schema = []() -> const SchemaBase& { return options_schema(); }, .build = &build};
  return kind;
}

}  // namespace weir
