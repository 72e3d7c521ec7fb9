// Reading the order, having it done, waiting for what is in flight.
#include "app/admin/endpoint_order_page.h"

#include <fmt/format.h>

#include <expected>

#include "app/admin/page.h"
#include "app/admin/query.h"
#include "app/json_writer.h"
#include "base/text.h"
#include "runtime/elsewhere.h"

namespace weir {
namespace {

/// Between two looks at what is in flight; a person does not notice it, and a script asks less often.
constexpr Duration look_pause = std::chrono::milliseconds{50};

struct Asked {
  EndpointOrder order;
  Duration wait{};
};

/// \returns  or else what is wrong with the question
std::expected<Asked, std::string> read_question(std::string_view query, EndpointVerb verb) {
  Asked asked{.order = {.verb = verb,
                        .upstream = query_value(query, "upstream").value_or(""),
                        .endpoint = query_value(query, "endpoint").value_or(""),
                        .force = query_value(query, "force").value_or("") == "1",
                        .by = {}}};
  if (asked.order.upstream.empty() || asked.order.endpoint.empty())
    return std::unexpected("upstream= and endpoint= say who is meant");
  const std::string weight = query_value(query, "weight").value_or("");
  if (verb == EndpointVerb::weight && weight != "default") {
    const auto number = text::parse_decimal(weight);
    if (!number || *number < 1 || *number > limits::endpoint_weight)
      return std::unexpected(
          fmt::format("weight= is 1 to {}, or default; drain takes an endpoint out", limits::endpoint_weight));
    asked.order.weight = static_cast<std::uint32_t>(*number);
  }
  if (const auto wait = query_value(query, "wait")) {
    const auto duration = duration_of(*wait);
    if (!duration || *duration == no_limit) return std::unexpected("wait= is a duration such as 30s");
    asked.wait = std::min(*duration, limits::drain_answer);
  }
  return asked;
}

bool is_finished(const EndpointOutcome& outcome, EndpointVerb verb) {
  const bool takes_out = verb == EndpointVerb::drain || verb == EndpointVerb::disable;
  return !takes_out || outcome.in_flight == 0;
}

Status status_of(const EndpointOutcome& outcome, EndpointVerb verb) {
  switch (outcome.kind) {
    case EndpointOutcome::Kind::unknown:
      return 404;
    case EndpointOutcome::Kind::refused:
      return 409;
    case EndpointOutcome::Kind::obeyed:
      break;
  }
  return is_finished(outcome, verb) ? 200 : 202;
}

std::string outcome_text(const EndpointOutcome& outcome, EndpointVerb verb) {
  std::string text = outcome.sentence;
  if (outcome.kind == EndpointOutcome::Kind::obeyed) {
    if (!outcome.changed) text += "; it was so already";
    if (verb == EndpointVerb::drain || verb == EndpointVerb::disable)
      text += fmt::format("; {} request{} in flight", outcome.in_flight, outcome.in_flight == 1 ? "" : "s");
  }
  return text + "\n";
}

std::string outcome_json(const EndpointOutcome& outcome, const EndpointOrder& order) {
  JsonWriter json;
  json.begin_object().member("verb", name_of(order.verb)).member("upstream", order.upstream);
  json.member("endpoint", order.endpoint).member("obeyed", outcome.kind == EndpointOutcome::Kind::obeyed);
  json.member("changed", outcome.changed).member("reason", outcome.reason).member("sentence", outcome.sentence);
  json.member("in_flight", outcome.in_flight).end_object();
  return json.take() + "\n";
}

}  // namespace

Reply order_endpoint(Exchange& exchange, Operations& operations, EndpointVerb verb, std::string by) {
  auto asked = read_question(exchange.request.query, verb);
  if (!asked) co_return problem_page(exchange, 400, "bad_order", asked.error());
  asked->order.by = std::move(by);
  const EndpointOrder order = asked->order;
  Reactor& reactor = exchange.shard.reactor;
  auto answer =
      elsewhere<EndpointOutcome>(reactor, [&](auto done) { operations.order_endpoint(order, std::move(done)); });
  CO_TRY(EndpointOutcome outcome, co_await answer);
  const Time deadline = deadline_after(reactor.now(), asked->wait);
  const bool obeyed = outcome.kind == EndpointOutcome::Kind::obeyed;
  while (obeyed && !is_finished(outcome, verb) && reactor.now() < deadline) {
    CO_TRY_VOID(co_await Sleep(reactor, look_pause));
    outcome.in_flight = requests_left(*operations.gateway(), order.upstream, order.endpoint);
  }
  const Status status = status_of(outcome, verb);
  if (wants_text(exchange)) co_return page(exchange, status, plain_text, outcome_text(outcome, verb));
  co_return page(exchange, status, json_text, outcome_json(outcome, order));
}

}  // namespace weir
