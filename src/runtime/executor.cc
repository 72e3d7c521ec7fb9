// The threads behind executor.h.
#include "runtime/executor.h"

#include <algorithm>
#include <utility>

namespace weir {

ThreadExecutor::ThreadExecutor(unsigned threads) : heavy_max_(std::max(threads, 2U) - 1) {
  for (unsigned number = 0; number < threads; ++number) {
    threads_.emplace_back([this] { work(); });
  }
}

ThreadExecutor::~ThreadExecutor() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

void ThreadExecutor::run(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void ThreadExecutor::run_heavy(Job job) {
  {
    const std::lock_guard lock(mutex_);
    heavy_jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void ThreadExecutor::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty() || may_begin_heavy(); });
    if (stopping_) return;
    const bool heavy = jobs_.empty();
    std::deque<Job>& line = heavy ? heavy_jobs_ : jobs_;
    Job job = std::move(line.front());
    line.pop_front();
    if (heavy) ++heavy_running_;
    lock.unlock();
    job();
    job = {};
    lock.lock();
    if (!heavy) continue;
    --heavy_running_;
    if (may_begin_heavy()) changed_.notify_one();
  }
}

}  // namespace weir
