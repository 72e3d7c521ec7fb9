// The child runs worlds and reports by a pipe, a line each; the parent reads what it said last when it dies.
#include "sim/runner.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string_view>

#include "base/invariant.h"
#include "sim/world.h"

namespace weir::sim {
namespace {

// Real seconds that one world may take; it takes a millisecond.
constexpr unsigned world_seconds_max = 20;
// What the child says itself begins with this byte; everything else came from whatever killed it.
constexpr char mark = '\x01';

/// In the child. Never returns.
[[noreturn]] void run_in_child(const Run& run) {
  const PlantedFault planted(run.planted);
  for (std::uint64_t seed = run.first; seed < run.first + run.count; ++seed) {
    ::alarm(world_seconds_max);
    fmt::print(stderr, "{}begin {}\n", mark, seed);
    Report report = run_world(plan_world(seed), run.verbose);
    const bool twice = report.violations.empty() && run.trace_every > 0 && seed % run.trace_every == 0;
    if (twice && run_world(plan_world(seed)).trace != report.trace)
      report.violations.push_back({"trace", "the same seed left another trace"});
    for (const Violation& violation : report.violations)
      fmt::print(stderr, "{}violation {}\t{}\n", mark, violation.checker, violation.text);
    fmt::print(stderr, "{}end {} {} {}\n", mark, report.trace, report.requests, report.answered);
  }
  ::_exit(0);
}

/// What the parent has understood so far.
class Listening {
 public:
  explicit Listening(const std::function<bool(const Verdict&)>& more, bool verbose) : more_(more), verbose_(verbose) {}

  /// \returns  false when the reader wants no more
  bool take(std::string_view line) {
    if (line.empty()) return true;
    if (line.front() != mark) {
      if (verbose_) fmt::print(stderr, "{}\n", line);
      last_words_ = line;
      return true;
    }
    line.remove_prefix(1);
    const std::string text(line.substr(line.find(' ') + 1));
    if (line.starts_with("begin")) {
      current_ = Verdict{.seed = std::stoull(text), .checker = {}, .text = {}};
      last_words_.clear();
    } else if (line.starts_with("violation") && current_->checker.empty()) {
      const std::size_t tab = text.find('\t');
      current_->checker = text.substr(0, tab);
      current_->text = text.substr(tab + 1);
    } else if (line.starts_with("end")) {
      std::sscanf(text.c_str(), "%lu %lu %lu", &current_->trace, &current_->requests, &current_->answered);
      return close();
    }
    return true;
  }

  /// The child is gone in the middle of a world.
  bool take_death(int status) {
    if (!current_) return true;
    if (WIFSIGNALED(status)) {
      const int signal = WTERMSIG(status);
      current_->checker = signal == SIGALRM ? "hang" : signal == SIGABRT ? "invariant" : "crash";
      current_->text = last_words_.empty() ? strsignal(signal) : last_words_;
    } else {
      current_->checker = "crash";
      current_->text = last_words_;
    }
    return close();
  }
  [[nodiscard]] std::uint64_t heard_of() const { return last_seed_; }

 private:
  bool close() {
    last_seed_ = current_->seed;
    current_->passed = current_->checker.empty();
    const Verdict verdict = *current_;
    current_.reset();
    return more_(verdict);
  }

  const std::function<bool(const Verdict&)>& more_;
  bool verbose_;
  std::optional<Verdict> current_;
  std::string last_words_;
  std::uint64_t last_seed_ = 0;
};

/// One child. \returns  whether to go on behind the last seed that was heard of
bool run_child(const Run& run, Listening& listening) {
  std::array<int, 2> pipe{};
  invariant(::pipe(pipe.data()) == 0, "a pipe can be made");
  std::fflush(stdout);
  const pid_t child = ::fork();
  invariant(child >= 0, "a child can be started");
  if (child == 0) {
    ::dup2(pipe[1], STDERR_FILENO);
    ::close(pipe[0]);
    run_in_child(run);
  }
  ::close(pipe[1]);
  FILE* reading = ::fdopen(pipe[0], "r");
  char* line = nullptr;
  std::size_t capacity = 0;
  bool goes_on = true;
  for (ssize_t length = 0; goes_on && (length = ::getline(&line, &capacity, reading)) > 0;) {
    std::string_view text(line, static_cast<std::size_t>(length));
    if (text.ends_with('\n')) text.remove_suffix(1);
    goes_on = listening.take(text);
  }
  std::free(line);
  std::fclose(reading);
  if (!goes_on) ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  return goes_on && listening.take_death(status);
}

}  // namespace

void run_worlds(const Run& run, const std::function<bool(const Verdict&)>& more) {
  Listening listening(more, run.verbose);
  Run rest = run;
  const std::uint64_t behind = run.first + run.count;
  while (rest.first < behind) {
    rest.count = behind - rest.first;
    if (!run_child(rest, listening)) return;
    rest.first = listening.heard_of() + 1;
  }
}

}  // namespace weir::sim
