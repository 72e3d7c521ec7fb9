// However an exchange ends, its finishers run exactly once, and nothing of it stays behind.
//
// How it is shown: in each world dozens of requests are under way, in every state there is (a head half read, an upload
// against a stalled origin, a tunnel, a place in the waiting line), while connections of clients and origins are reset
// at random moments. The world's own checks count the finishers of every exchange and look for memory, timers, handles,
// children, configurations and gauges that are left.
#include <gtest/gtest.h>

#include "base/random.h"
#include "sim/world.h"

namespace weir::sim {
namespace {

constexpr std::uint64_t worlds = 300;
constexpr std::int64_t milliseconds_of_trouble = 120;

WorldPlan with_random_aborts(std::uint64_t seed) {
  WorldPlan plan = plan_world(seed);
  Random random(seed);
  const auto aborts = 1 + random.below(30);
  for (std::uint64_t count = 0; count < aborts; ++count) {
    plan.aborts.push_back(std::chrono::microseconds{random.below(milliseconds_of_trouble * 1'000)});
  }
  return plan;
}

std::string text_of(const std::vector<Violation>& violations) {
  std::string text;
  for (const Violation& violation : violations) text += violation.checker + ": " + violation.text + "\n";
  return text;
}

TEST(Ends, every_finisher_runs_exactly_once_however_an_exchange_ends) {
  std::size_t exchanges = 0;
  std::size_t requests = 0;
  std::size_t answered = 0;
  for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
    const Report report = run_world(with_random_aborts(seed));
    EXPECT_TRUE(report.violations.empty()) << "seed " << seed << "\n" << text_of(report.violations);
    exchanges += report.exchanges;
    requests += report.requests;
    answered += report.answered;
  }
  // The worlds did what they are for: most requests were exchanges, and many of those did not end well.
  EXPECT_GT(exchanges, requests / 2);
  EXPECT_LT(answered, exchanges * 9 / 10);
}

TEST(Simulation, same_seed_leaves_the_same_trace) {
  for (const std::uint64_t seed : {1ULL, 6ULL, 10ULL, 14ULL}) {
    EXPECT_EQ(run_world(plan_world(seed)).trace, run_world(plan_world(seed)).trace) << "seed " << seed;
    EXPECT_NE(run_world(plan_world(seed)).trace, run_world(plan_world(seed + 1)).trace) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir::sim
