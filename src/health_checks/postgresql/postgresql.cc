// The startup message and the first answer: https://www.postgresql.org/docs/current/protocol-message-formats.html
#include "health_checks/postgresql/postgresql.h"

#include <array>

#include "base/limits.h"
#include "contracts/plugin.h"

namespace weir {
namespace {

constexpr std::uint32_t protocol_3_0 = 3U << 16;
/// A type, and a length that counts itself but not the type.
constexpr std::size_t header_bytes = 5;

void append_number(std::string& out, std::uint32_t number) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(number >> shift & 0xFFU);
}

std::uint32_t number_at(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t at = 0; at < 4; ++at) number = number << 8U | static_cast<unsigned char>(bytes[at]);
  return number;
}

/// The SQLSTATE of an ErrorResponse: fields of a letter and a text that ends in NUL.
std::string_view sql_state(std::string_view fields) {
  while (!fields.empty() && fields.front() != '\0') {
    const std::size_t end = fields.find('\0');
    if (end == std::string_view::npos) return {};
    if (fields.front() == 'C') return fields.substr(1, end - 1);
    fields.remove_prefix(end + 1);
  }
  return {};
}

ProbeResult judge_error(std::string_view fields) {
  const std::string_view state = sql_state(fields);
  if (state.empty()) return {.reason = "not_postgresql"};
  if (state == "57P03") return {.reason = "not_accepting_yet"};
  if (state == "53300") return {.reason = "too_many_connections"};
  return {.passed = true, .reason = "answers"};
}

}  // namespace

PostgresqlCheck::PostgresqlCheck(const PostgresqlCheckOptions& options) {
  std::string parameters;
  append_number(parameters, protocol_3_0);
  for (const std::string_view text :
       std::array<std::string_view, 4>{"user", options.user, "database", options.database}) {
    parameters += text;
    parameters += '\0';
  }
  parameters += '\0';
  append_number(question_, static_cast<std::uint32_t>(parameters.size() + 4));
  question_ += parameters;
}

std::optional<ProbeResult> PostgresqlCheck::judge(std::string_view answer, bool ended) {
  // AuthenticationRequest, and NegotiateProtocolVersion of newer servers, come from a server that accepts.
  const std::string_view known = "REv";
  if (!answer.empty() && !known.contains(answer.front())) return ProbeResult{.reason = "not_postgresql"};
  if (answer.size() < header_bytes) {
    if (!ended) return {};
    return ProbeResult{.reason = answer.empty() ? "no_answer" : "not_postgresql"};
  }
  const std::uint32_t length = number_at(answer.substr(1));
  if (length < 8 || length > limits::postgresql_check_message_bytes) return ProbeResult{.reason = "not_postgresql"};
  if (answer.front() != 'E') return ProbeResult{.passed = true, .reason = "asks_to_authenticate"};
  if (answer.size() < length + 1U) {
    if (!ended) return {};
    return ProbeResult{.reason = "not_postgresql"};
  }
  return judge_error(answer.substr(header_bytes, length - 4));
}

Task<ProbeResult> PostgresqlCheck::probe(Stream& stream, const ProbeTarget& target) const {
  const JudgeAnswer judge_it = &PostgresqlCheck::judge;
  co_return co_await converse(stream, question_, judge_it, target.deadline);
}

namespace {

const Schema<PostgresqlCheckOptions>& options_schema() {
  static const auto schema =
      Schema<PostgresqlCheckOptions>("postgresql", "A PostgreSQL server takes connections, as pg_isready asks.")
          .option("user", &PostgresqlCheckOptions::user, {.doc = "Who asks; it need not exist.", .example = "weir"})
          .option("database", &PostgresqlCheckOptions::database,
                  {.doc = "Which database; it need not exist.", .example = "postgres"});
  return schema;
}

std::unique_ptr<const HealthCheck> build(const Node& node, BuildContext& context) {
  const auto options = options_schema().read(node, Reading(context.diagnostics, context.path));
  if (!options) return {};
  return std::make_unique<PostgresqlCheck>(*options);
}

}  // namespace

const HealthCheckKind& postgresql_check() {
  static constexpr HealthCheckKind kind{
      .name = "postgresql", .schema = []() -> const SchemaBase& { return options_schema(); }, .build = &build};
  return kind;
}

}  // namespace weir
