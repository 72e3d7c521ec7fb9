// What one decision costs: one key again and again, and a million of them in random order, which waits for memory.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/random.h"
#include "filters/limit/ledger.h"

namespace weir {
namespace {

constexpr std::uint64_t million = 1'000'000;
/// One each 10 ns, as far as the algorithm counts.
constexpr std::uint64_t hot_limit(Algorithm algorithm) {
  return algorithm == Algorithm::sliding_window ? 262'143 : 100 * million;
}

constexpr Budget budget_by(Algorithm algorithm, std::uint64_t limit) {
  return {.algorithm = algorithm, .limit = limit, .window = std::chrono::seconds{1}, .burst = 100};
}

Time after(std::uint64_t nanoseconds) {
  return Time{std::chrono::hours{1} + Duration{static_cast<std::int64_t>(nanoseconds)}};
}

/// The clock goes on by 10 ns for each decision, and every one of them passes; the estimate of two windows fills up.
void decide_hot(benchmark::State& state, Algorithm algorithm, Company company) {
  Ledger ledger(budget_by(algorithm, hot_limit(algorithm)), million, company);
  std::uint64_t turn = 0;
  std::uint64_t before = 0;
  for (auto _ : state) benchmark::DoNotOptimize(ledger.spend(4711, after(10 * ++turn), 1, before));
}

void decide_random(benchmark::State& state, Algorithm algorithm, Company company) {
  Ledger ledger(budget_by(algorithm, 1000), million, company);
  Random random(1);
  std::vector<std::uint64_t> keys(million);
  for (std::uint64_t& key : keys) key = random.next();
  std::uint64_t before = 0;
  for (const std::uint64_t key : keys) (void)ledger.spend(key, after(0), 1, before);
  // Each key is there; they come in an order that no cache foresees.
  for (std::size_t at = keys.size() - 1; at > 0; --at) std::swap(keys[at], keys[random.below(at + 1)]);
  std::uint64_t turn = 0;
  for (auto _ : state) {
    const std::uint64_t key = keys[turn++ % million];
    benchmark::DoNotOptimize(ledger.spend(key, after(10 * turn), 1, before));
  }
}

/// What a decision of a random key cannot do without: one access to memory that no cache holds. As much of it as the
/// table of a million keys takes, in large pages as well, each access from where the one before led.
void access_memory(benchmark::State& state) {
  constexpr std::size_t bytes = million * LimitTable::bytes_per_key;
  constexpr std::size_t huge_page_bytes = std::size_t{2} * 1024 * 1024;
  constexpr std::size_t set_bytes = 128;
  constexpr std::size_t sets = bytes / set_bytes;
  constexpr std::size_t whole = (bytes / huge_page_bytes + 1) * huge_page_bytes;
  const std::unique_ptr<char, decltype(&std::free)> memory(
      static_cast<char*>(std::aligned_alloc(huge_page_bytes, whole)), &std::free);
  (void)::madvise(memory.get(), whole, MADV_HUGEPAGE);
  std::vector<std::size_t> order(sets);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(1);
  for (std::size_t at = sets - 1; at > 0; --at) std::swap(order[at], order[random.below(at + 1)]);
  for (std::size_t at = 0; at < sets; ++at) {
    const std::size_t next = order[(at + 1) % sets] * set_bytes;
    std::memcpy(memory.get() + order[at] * set_bytes, &next, sizeof(next));
  }
  std::size_t place = 0;
  for (auto _ : state) {
    std::memcpy(&place, memory.get() + place, sizeof(place));
    benchmark::DoNotOptimize(place);
  }
}

void hash_key(benchmark::State& state) {
  const crypto::HashKey key = crypto::HashKey::random();
  std::array<char, 16> address{};
  for (auto _ : state) {
    ++address[15];
    benchmark::DoNotOptimize(key.hash({address.data(), address.size()}));
  }
}

BENCHMARK_CAPTURE(decide_hot, gcra, Algorithm::gcra, Company::alone)->Name("BM_LimitHot/gcra");
BENCHMARK_CAPTURE(decide_hot, gcra_shared, Algorithm::gcra, Company::shared)->Name("BM_LimitHot/gcra_shared");
BENCHMARK_CAPTURE(decide_hot, fixed, Algorithm::fixed_window, Company::alone)->Name("BM_LimitHot/fixed_window");
BENCHMARK_CAPTURE(decide_hot, sliding, Algorithm::sliding_window, Company::alone)->Name("BM_LimitHot/sliding_window");
BENCHMARK_CAPTURE(decide_random, gcra, Algorithm::gcra, Company::alone)->Name("BM_LimitRandom/gcra");
BENCHMARK_CAPTURE(decide_random, gcra_shared, Algorithm::gcra, Company::shared)->Name("BM_LimitRandom/gcra_shared");
BENCHMARK_CAPTURE(decide_random, sliding, Algorithm::sliding_window, Company::alone)
    ->Name("BM_LimitRandom/sliding_window");
BENCHMARK(access_memory)->Name("BM_LimitRandom/one_access_to_memory");
BENCHMARK(hash_key)->Name("BM_LimitKeyHash/address");

}  // namespace
}  // namespace weir
