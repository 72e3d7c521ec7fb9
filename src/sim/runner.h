// Worlds in child processes, so that one that aborts, hangs or tears its memory is a failed seed and not the end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/fault.h"

namespace weir::sim {

struct Verdict {
  std::uint64_t seed = 0;
  bool passed = false;
  std::string checker;  ///< the first that complained: the ledger's, or `invariant`, `crash`, `hang`, `trace`
  std::string text;
  std::uint64_t trace = 0;
  std::uint64_t requests = 0;
  std::uint64_t answered = 0;
};

struct Run {
  std::uint64_t first = 0;
  std::uint64_t count = 1;
  Fault planted = Fault::none;
  bool verbose = false;
  std::uint64_t trace_every = 10;  ///< every so many seeds the world runs twice and must leave the same trace
};

/// Runs the worlds in order and hands each verdict over; `more` says whether to go on.
void run_worlds(const Run& run, const std::function<bool(const Verdict&)>& more);

struct Hunt {
  std::uint64_t found = 0;
  std::uint64_t survived = 0;
};
/// Plants every fault in turn that a world can meet, and prints a table of what found it.
Hunt run_mutants(std::uint64_t first_seed);

}  // namespace weir::sim
