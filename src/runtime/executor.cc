// The threads behind executor.h.
#include "runtime/executor.h"

#include <algorithm>

namespace weir {

ThreadExecutor::ThreadExecutor(unsigned threads, unsigned disk_threads)
    : general_(threads), disk_(disk_threads), heavy_(std::max(threads, 2U) - 1) {}

// All are told before any is waited for.
ThreadExecutor::~ThreadExecutor() {
  general_.stop();
  disk_.stop();
  heavy_.stop();
}

ThreadExecutor::Line::~Line() {
  stop();
}

void ThreadExecutor::Line::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

// A gateway that serves no files has no threads for them.
void ThreadExecutor::Line::add(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && threads_.size() < threads_max_) threads_.emplace_back([this] { work(); });
  }
  changed_.notify_one();
}

void ThreadExecutor::Line::work() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      ++idle_;
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      --idle_;
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace weir
