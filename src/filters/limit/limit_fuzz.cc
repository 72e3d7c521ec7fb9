// Whatever a field says a request costs, and whatever comes between: no budget is ever passed, and what an answer tells
// is well formed.
//
// Input: a byte for the algorithm, two for the budget, then requests: a byte of time, a length, a cost as a field.
#include <array>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/invariant.h"
#include "filters/limit/ledger.h"
#include "filters/limit/rule.h"
#include "filters/limit/told_fields.h"

using namespace weir;

namespace {

/// What stands in RateLimit: `"name";r=N;t=N`.
void check_value(std::string_view value) {
  constexpr std::string_view begin = "\"name\";r=";
  invariant(value.starts_with(begin), "the name comes first");
  value.remove_prefix(begin.size());
  const std::size_t semicolon = value.find(";t=");
  invariant(semicolon != std::string_view::npos && semicolon > 0, "then what is left");
  invariant(value.substr(0, semicolon).find_first_not_of("0123456789") == std::string_view::npos, "as a number");
  const std::string_view reset = value.substr(semicolon + 3);
  invariant(!reset.empty() && reset.find_first_not_of("0123456789") == std::string_view::npos, "then when it is new");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > 4096) return 0;
  Budget budget{.algorithm = static_cast<Algorithm>(data[0] % 5),
                .limit = 1U + data[1],
                .window = std::chrono::seconds{1 + data[2] % 16},
                .burst = 1U + data[2]};
  const bool is_bucket = budget.algorithm == Algorithm::token_bucket || budget.algorithm == Algorithm::gcra;
  Ledger ledger(budget, 4, Company::alone);
  std::string_view rest(reinterpret_cast<const char*>(data) + 3, size - 3);
  BlockPool pool(1);
  Arena arena(pool);
  const Time start{std::chrono::seconds{1000}};
  Time now = start;
  std::uint64_t spent = 0;
  while (rest.size() >= 2) {
    now += std::chrono::milliseconds{static_cast<unsigned char>(rest[0])};
    const std::size_t length = std::min<std::size_t>(static_cast<unsigned char>(rest[1]), rest.size() - 2);
    const std::uint64_t cost = limit::read_cost(rest.substr(2, length), 300, 1);
    rest.remove_prefix(2 + length);
    invariant(cost >= 1 && cost <= 300, "a cost is within its bounds");
    std::uint64_t before = 0;
    const BudgetVerdict verdict = ledger.spend(7, now, cost, before);
    if (verdict.admitted) spent += cost;
    const limit::Left left{.name = "name", .remaining = verdict.remaining, .reset = verdict.reset};
    check_value(limit::left_value({&left, 1}, arena));
  }
  const auto passed = static_cast<std::uint64_t>((now - start).count());
  const std::uint64_t bound = is_bucket
                                  ? budget.burst + passed / budget.unit_nanoseconds()
                                  : budget.limit * (2 + passed / static_cast<std::uint64_t>(budget.window.count()));
  invariant(spent <= bound, "nobody spends more than the budget");
  return 0;
}
