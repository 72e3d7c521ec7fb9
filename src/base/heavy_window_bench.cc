// What a request pays so that `weir top` knows who is heaviest: drawn one in sixteen, and when a sketch is asked.
#include <benchmark/benchmark.h>

#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/heavy_window.h"

namespace weir {
namespace {

constexpr std::uint64_t keys = 1 << 16;

/// 100,000 a second of as many clients as in a busy day, some of them heavier.
void count_windowed(benchmark::State& state) {
  const crypto::HashKey hash_key = crypto::HashKey::random();
  Random random(1);
  std::vector<std::uint64_t> clients(keys);
  for (std::uint64_t& client : clients) client = random.below(1 + random.below(10'000));
  HeavyWindow window(1);
  std::uint64_t turn = 0;
  for (auto _ : state) {
    const std::uint64_t client = clients[++turn % keys];
    window.count(
        Time{std::chrono::hours{1} + std::chrono::microseconds{10 * turn}},
        [&] { return hash_key.hash({reinterpret_cast<const char*>(&client), sizeof(client)}); },
        [] { return std::string_view("2001:db8:ffff:ffff::/64"); });
  }
}

void count_in_sketch(benchmark::State& state) {
  Random random(1);
  std::vector<std::uint64_t> hashes(keys);
  for (std::uint64_t& hash : hashes) hash = Random(random.below(1 + random.below(10'000))).next();
  HeavyKeys sketch;
  std::uint64_t turn = 0;
  for (auto _ : state) sketch.count(hashes[++turn % keys], [] { return std::string_view("2001:db8:ffff:ffff::/64"); });
}

BENCHMARK(count_windowed)->Name("BM_LimitTop/windowed");
BENCHMARK(count_in_sketch)->Name("BM_LimitTop/sketch");

}  // namespace
}  // namespace weir
