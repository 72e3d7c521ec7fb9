// The threads behind executor.h.
#include "runtime/executor.h"

#include <algorithm>

namespace weir {

ThreadExecutor::ThreadExecutor(unsigned threads, unsigned disk_threads)
    : general_(threads), disk_(disk_threads), heavy_(std::max(threads, 2U) - 1) {}

// All are told before any is waited for.
ThreadExecutor::~ThreadExecutor() {
  stop(std::chrono::milliseconds{0});
}

bool ThreadExecutor::stop(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (Line* line : {&general_, &disk_, &heavy_}) line->stop();
  bool ended = true;
  for (Line* line : {&general_, &disk_, &heavy_}) ended = line->ended(deadline) && ended;
  return ended;
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

bool ThreadExecutor::Line::ended(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return running_ == 0; });
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
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (stopping_) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    ++running_;
    lock.unlock();
    job();
    job = nullptr;  // what it holds goes before it counts as ended
    lock.lock();
    --running_;
    if (stopping_) changed_.notify_all();
  }
}

}  // namespace weir
