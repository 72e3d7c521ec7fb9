// Asks the breaker, and tells it what became of the request.
#include "filters/circuit_breaker/circuit_breaker.h"

#include <fmt/format.h>

#include "overload/options.h"

namespace weir {

Reply CircuitBreakerFilter::handle(Exchange& exchange, Next next) const {
  CO_TRY(CircuitBreaker::Pass* const pass, breaker_.enter(exchange));
  Result<Answer> answer = co_await std::move(next)(exchange);
  pass->settle(exchange, answer);
  co_return answer;
}

Effect CircuitBreakerFilter::rehearse(ImaginedRequest&) const {
  return {.text = fmt::format("passes while the circuit \"{}\" is closed; it {}", breaker_.circuit().name(),
                              described(breaker_.rule()))};
}

namespace {

std::unique_ptr<const Filter> build(const Node& node, BuildContext& context) {
  const auto options = CircuitBreakerOptions::schema().read(node, Reading(context.diagnostics, context.path));
  if (!options) return {};
  return std::make_unique<CircuitBreakerFilter>(make_circuit_breaker(*options, context.path, context));
}

}  // namespace

const FilterKind& circuit_breaker_filter() {
  static constexpr FilterKind kind{
      .name = "circuit_breaker", .schema = &schema_of<CircuitBreakerOptions>, .build = &build, .needs_http = false};
  return kind;
}

}  // namespace weir
