// The place for work that blocks.
//
// Problem: resolving a name, opening a log file, compiling a configuration: each may take milliseconds, and a reactor
// that waits stops a whole core.
// Idea: a bounded set of threads; the awaiting coroutine is resumed on its own core through the mailbox. A simulation
// runs the same work on the spot and lets virtual time pass instead.
//
// At the end of a process nobody waits long for a job that hangs: it is told apart from those that end by themselves.
//
// What may hold a thread for long has threads of its own: a disk that does not answer (a network file system, a dying
// device) and passwords that are hashed take those, and names are still resolved and logs still opened.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace weir {

class Executor {
 public:
  using Job = std::move_only_function<void()>;

  virtual ~Executor() = default;
  /// Runs `job` elsewhere, some time. Never blocks the caller; jobs given up at shutdown are dropped.
  virtual void run(Job job) = 0;
  /// The same for work that waits for a disk.
  virtual void run_on_disk(Job job) { run(std::move(job)); }
  /// The same for a job that computes for long (a password's hash).
  virtual void run_heavy(Job job) { run(std::move(job)); }
};

/// The real one: a line of jobs and a few threads for each kind of work.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(unsigned threads = 2, unsigned disk_threads = 4);
  /// Waits for the jobs that run, however long they take.
  ~ThreadExecutor() override;

  /// Drops what waits, takes nothing more, and gives what runs a last chance to end.
  /// \returns whether nothing runs any more; if not, the destructor would wait for who knows how long
  bool stop(std::chrono::milliseconds patience);

  void run(Job job) override { general_.add(std::move(job)); }
  void run_on_disk(Job job) override { disk_.add(std::move(job)); }
  void run_heavy(Job job) override { heavy_.add(std::move(job)); }

 private:
  /// Jobs in their order, and the threads that take them. Threads begin with the first job.
  class Line {
   public:
    explicit Line(unsigned threads) : threads_max_(threads) {}
    ~Line();

    void add(Job job);
    /// Drops what waits; jobs that run are joined by the destructor.
    void stop();
    /// \returns whether no job runs any more
    bool ended(std::chrono::steady_clock::time_point deadline);

   private:
    void work();

    const unsigned threads_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;
    unsigned idle_ = 0;
    unsigned running_ = 0;
    bool stopping_ = false;
    std::vector<std::jthread> threads_;
  };

  Line general_;
  Line disk_;
  Line heavy_;
};

}  // namespace weir
