// The line of jobs behind control.h.
#include "app/process/control.h"

#include <utility>

namespace weir {

void Control::post(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

// Without the lock while the job runs: jobs post jobs.
bool Control::run_one(std::unique_lock<std::mutex>& lock) {
  if (jobs_.empty()) return false;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  lock.unlock();
  job();
  job = nullptr;  // what it holds (a configuration, perhaps) is destroyed without the lock, too
  lock.lock();
  return true;
}

void Control::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (run_one(lock)) {
    }
    if (stopping_) return;
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
  }
}

bool Control::run_until(const std::function<bool()>& done, std::chrono::nanoseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::unique_lock lock(mutex_);
  while (true) {
    while (run_one(lock)) {
    }
    if (done()) return true;
    if (!changed_.wait_until(lock, until, [this] { return !jobs_.empty(); })) return done();
  }
}

void Control::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
}

}  // namespace weir
