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
};

/// The real one: a few threads and one line of jobs.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(unsigned threads = 2);
  ~ThreadExecutor() override;

  void run(Job job) override;

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace weir
