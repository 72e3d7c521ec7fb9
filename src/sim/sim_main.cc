// weir-sim: simulated worlds from the command line (./dev sim).
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/fault.h"
#include "sim/plan.h"
#include "sim/runner.h"

namespace weir::sim {
namespace {

constexpr std::string_view usage =
    "usage: weir-sim [--seeds N] [--first SEED]   N worlds (2,000 unless told otherwise)\n"
    "       weir-sim --seed SEED [-v]             one world again, twice, with its plan; -v tells what happens\n"
    "       weir-sim --mutants                    plants every known mistake; each must be found\n"
    "       weir-sim --fault NAME [...]           any of the first two with that mistake planted\n";

struct Wishes {
  std::optional<std::uint64_t> seed;
  std::uint64_t seeds = 2'000;
  std::uint64_t first = 1;
  bool mutants = false;
  bool verbose = false;
  Fault planted = Fault::none;
};

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

std::optional<Wishes> read_arguments(const std::vector<std::string_view>& arguments) {
  Wishes wishes;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string_view word = arguments[at];
    if (word == "-v") {
      wishes.verbose = true;
    } else if (word == "--mutants") {
      wishes.mutants = true;
    } else if (at + 1 == arguments.size()) {
      return {};
    } else if (word == "--fault") {
      const auto planted = fault_named(arguments[++at]);
      if (!planted) return {};
      wishes.planted = *planted;
    } else {
      const auto number = number_of(arguments[++at]);
      if (!number) return {};
      if (word == "--seed") {
        wishes.seed = number;
      } else if (word == "--seeds") {
        wishes.seeds = *number;
      } else if (word == "--first") {
        wishes.first = *number;
      } else {
        return {};
      }
    }
  }
  return wishes;
}

int finish(std::uint64_t passed, std::uint64_t failed) {
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

int run_one(const Wishes& wishes) {
  fmt::print("{}", describe(plan_world(*wishes.seed)));
  bool passed = false;
  run_worlds({.first = *wishes.seed, .planted = wishes.planted, .verbose = true, .trace_every = 1},
             [&](const Verdict& verdict) {
               passed = verdict.passed;
               fmt::print("  {} requests, {} answered, trace {:016x}\n", verdict.requests, verdict.answered,
                          verdict.trace);
               if (!passed) fmt::print("FAILED by {}: {}\n", verdict.checker, verdict.text);
               return true;
             });
  return finish(passed ? 1 : 0, passed ? 0 : 1);
}

int run_many(const Wishes& wishes) {
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  const auto began = std::chrono::steady_clock::now();
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::uint64_t requests = 0;
  run_worlds({.first = wishes.first, .count = wishes.seeds, .planted = wishes.planted}, [&](const Verdict& verdict) {
    requests += verdict.requests;
    ++(verdict.passed ? passed : failed);
    if (!verdict.passed) fmt::print("./dev sim --seed {}   {}: {}\n", verdict.seed, verdict.checker, verdict.text);
    if (terminal && (passed + failed) % 50 == 0) {
      fmt::print("{} of {} worlds, {} failed\r", passed + failed, wishes.seeds, failed);
      std::fflush(stdout);
    }
    return true;
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  fmt::print("{} worlds with {} requests in {:.1f} s\n", passed + failed, requests, seconds);
  return finish(passed, failed);
}

int run(const Wishes& wishes) {
  if (wishes.mutants) {
    const Hunt hunt = run_mutants(wishes.first);
    return finish(hunt.found, hunt.survived);
  }
  return wishes.seed ? run_one(wishes) : run_many(wishes);
}

}  // namespace
}  // namespace weir::sim

int main(int count, char** words) {
  const std::vector<std::string_view> arguments(words + 1, words + count);
  const auto wishes = weir::sim::read_arguments(arguments);
  if (!wishes) {
    fmt::print(stderr, "{}", weir::sim::usage);
    return 64;
  }
  return weir::sim::run(*wishes);
}
