// The place for work that blocks.
//
// Problem: resolving a name, opening a log file, compiling a configuration: each may take milliseconds, and a reactor
// that waits stops a whole core.
// Idea: a bounded set of threads; the awaiting coroutine is resumed on its own core through the mailbox. A simulation
// runs the same work on the spot and lets virtual time pass instead.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weir {

class Executor {
 public:
  using Job = std::move_only_function<void()>;

  virtual ~Executor() = default;
  /// Runs `job` elsewhere, some time. Never blocks the caller; jobs given up at shutdown are dropped.
  virtual void run(Job job) = 0;
  /// The same for a job that computes for long (a password's hash): such jobs never hold all threads at once, so that
  /// names are still resolved and files still read beside them.
  virtual void run_heavy(Job job) { run(std::move(job)); }
};

/// The real one: a few threads, a line of jobs, and a line of heavy jobs that all threads but one take from.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(unsigned threads = 2);
  ~ThreadExecutor() override;

  void run(Job job) override;
  void run_heavy(Job job) override;

 private:
  void work();
  [[nodiscard]] bool may_begin_heavy() const { return !heavy_jobs_.empty() && heavy_running_ < heavy_max_; }

  const unsigned heavy_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::deque<Job> heavy_jobs_;
  unsigned heavy_running_ = 0;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace weir
