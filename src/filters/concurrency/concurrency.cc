// Waits for a place, and tells what the answer was.
#include "filters/concurrency/concurrency.h"

#include <fmt/format.h>

#include "overload/options.h"

namespace weir {

Reply Concurrency::handle(Exchange& exchange, Next next) const {
  CO_TRY(Bulkhead::Permit* const permit, co_await bulkhead_.enter(exchange));
  Result<Answer> answer = co_await std::move(next)(exchange);
  permit->answered(answer);
  co_return answer;
}

Effect Concurrency::rehearse(ImaginedRequest&) const {
  return {.text = fmt::format("takes a place of \"{}\", which {}", bulkhead_.bulkhead().name(),
                              described(bulkhead_.rule()))};
}

namespace {

std::unique_ptr<const Filter> build(const Node& node, BuildContext& context) {
  const auto options = ConcurrencyOptions::schema().read(node, Reading(context.diagnostics, context.path));
  if (!options) return {};
  return std::make_unique<Concurrency>(make_bulkhead(*options, context.path, context));
}

}  // namespace

const FilterKind& concurrency_filter() {
  static constexpr FilterKind kind{
      .name = "concurrency", .schema = &schema_of<ConcurrencyOptions>, .build = &build, .needs_http = false};
  return kind;
}

}  // namespace weir
