// Every planted mistake must be found: a simulation that finds nothing proves nothing.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "base/fault.h"
#include "sim/runner.h"

namespace weir::sim {
namespace {

// Worlds that a mistake may survive before it counts as not found.
constexpr std::uint64_t worlds_max = 3'000;

/// Mistakes that change nothing a world would notice, or on ways that nobody in one walks: tests of their own plant
/// them and find them (protocols/h2/conversation_test.cc, balancers/reported_load/reported_load_test.cc,
/// filters/limit/fleet/owner_world_test.cc, upstream/health_view_test.cc).
constexpr std::array found_elsewhere{Fault::stream_credit_twice,     Fault::h2_goaway_unheard,
                                     Fault::quickest_report_ignored, Fault::owner_lost_unseen,
                                     Fault::owner_without_majority,  Fault::standing_unheard};

struct Found {
  Verdict verdict;
  std::uint64_t worlds = 0;
  double seconds = 0;
};

Found hunt(Fault planted, std::uint64_t first_seed) {
  const auto began = std::chrono::steady_clock::now();
  Found found;
  run_worlds({.first = first_seed, .count = worlds_max, .planted = planted, .trace_every = 0},
             [&](const Verdict& verdict) {
               ++found.worlds;
               found.verdict = verdict;
               return verdict.passed;
             });
  found.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return found;
}

}  // namespace

Hunt run_mutants(std::uint64_t first_seed) {
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  Hunt all;
  fmt::print("{:<28} {:<10} {:>6} {:>7} {:>8}  {}\n", "planted", "found by", "seed", "worlds", "seconds",
             "the mistake");
  for (std::size_t number = 1; number <= fault_count; ++number) {
    const auto planted = static_cast<Fault>(number);
    if (std::ranges::find(found_elsewhere, planted) != found_elsewhere.end()) {
      fmt::print("{:<28} {:<10}\n", name_of(planted), "by a test");
      continue;
    }
    if (terminal) {
      fmt::print("{:<28} ...\r", name_of(planted));
      std::fflush(stdout);
    }
    const Found found = hunt(planted, first_seed);
    const bool survived = found.verdict.passed;
    ++(survived ? all.survived : all.found);
    fmt::print("{:<28} {:<10} {:>6} {:>7} {:>8.2f}  {}\n", name_of(planted),
               survived ? "SURVIVED" : found.verdict.checker, survived ? "-" : std::to_string(found.verdict.seed),
               found.worlds, found.seconds, sentence_of(planted));
  }
  return all;
}

}  // namespace weir::sim
