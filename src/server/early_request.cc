// Facts from the connection and the request; the verdict; the answer.
#include "server/early_request.h"

#include "contracts/early_connections.h"
#include "http/problem.h"

namespace weir {
namespace {

bool only_asks(Method method) {
  return method == Method::get || method == Method::head || method == Method::options;
}

}  // namespace

EarlyRequestVerdict decide(const EarlyRequestFacts& facts) {
  if (facts.handshake_over) return {.served = true, .reason = "handshake_over"};
  if (!only_asks(facts.method)) return {.served = false, .reason = "unsafe_method"};
  if (facts.has_content) return {.served = false, .reason = "content"};
  if (facts.upgrades) return {.served = false, .reason = "upgrade"};
  return {.served = true, .reason = "safe_method"};
}

bool is_too_early(Exchange& exchange) {
  const EarlyRequestVerdict verdict =
      decide({.handshake_over = !EarlyConnections::of(exchange.shard).is_early(exchange.connection),
              .method = exchange.request.method,
              .has_content = exchange.request_body != nullptr,
              .upgrades = !exchange.request.upgrade.empty()});
  if (!verdict.served)
    exchange.record({.room = "tls", .verdict = "too_early", .subject = {}, .reason = verdict.reason, .place = {}});
  return !verdict.served;
}

Reply answer_too_early(Exchange& exchange) {
  Answer answer(exchange.arena);
  answer.head.status = 425;
  const Problem problem{.status = 425,
                        .reason = "too_early",
                        .sentence = "this request came before the TLS handshake was over, and could be a replay",
                        .request_id = exchange.request_id,
                        .detail = {},
                        .type = {},
                        .members = {}};
  const ProblemFormat format = choose_problem_format(exchange.request.fields.get(FieldName::accept));
  const std::string_view body = exchange.arena.copy(render_problem(problem, format));
  answer.head.fields.append(FieldName::content_type, content_type_of(format));
  answer.head.fields.append(FieldName::cache_control, "no-store");
  answer.head.framing = {.kind = Framing::Kind::length, .length = body.size()};
  answer.body = BodyPointer(exchange.arena.make<FixedBody>(body));
  co_return answer;
}

}  // namespace weir
