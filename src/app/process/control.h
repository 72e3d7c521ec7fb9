// The control thread: the one place where the process changes.
//
// Idea: everything that alters the whole process (a reload, a drain, an old configuration to destroy) is a job in one
// line, run one after the other, so that none of them needs a lock or can meet another half way. The data path
// never waits for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace weir {

class Control {
 public:
  using Job = std::move_only_function<void()>;

  /// From any thread.
  void post(Job job);

  /// Runs jobs until stop() was called and the line is empty.
  void run();
  /// Runs jobs until `done` says so or the time is over. \returns what `done` said last
  bool run_until(const std::function<bool()>& done, std::chrono::nanoseconds patience);
  void stop();

 private:
  bool run_one(std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
};

}  // namespace weir
