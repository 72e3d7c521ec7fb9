// Keeps what must outlive the process: reads it at the start, writes what has changed about once a second.
//
// Problem: counters change with every request, and a disk takes milliseconds, or hangs, or is full.
// Idea: one thread that asks the states what has changed (contracts/kept_state.h) and writes it in batches. Nobody who
// serves waits for it. What could not be written is written later; that it could not is told, once, and counted.
//
// Invariants
//   (1) What was charged more than `interval` and the time of a write ago survives the process, unless writing fails.
//   (2) stop() has written everything, or says in the log that it could not.
//   (3) restore() and save() never run at the same time.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "contracts/kept_state.h"

namespace weir {

class StateKeeper {
 public:
  /// Hears a sentence for the error log. \param good  whether it is good news; from any thread
  using Tell = std::function<void(bool good, std::string sentence)>;
  using Clock = std::function<WallTime()>;

  static constexpr std::chrono::milliseconds interval{1000};

  /// \param patience  how long an answer of the store is waited for
  StateKeeper(SharedStates& states, std::unique_ptr<Store> store, std::chrono::milliseconds patience, Clock now,
              Tell tell);
  ~StateKeeper() { stop(); }
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  /// Gives every state that is new here what was kept of it. Before requests meet it.
  void restore();
  /// Begins to write on a thread of its own.
  void start();
  /// Ends the thread, and writes what is left.
  void stop();
  /// Writes what has changed. \returns  whether there may be more
  bool save();

  [[nodiscard]] std::uint64_t written() const { return written_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  bool restore_one(KeptState& state);
  std::optional<std::vector<StoreEntry>> read(const KeptState& state);
  void sweep();
  void sweep(KeptState& state, const std::vector<StoreEntry>& entries);
  Result<void> write(std::vector<StoreWrite> writes);
  void note(const Result<void>& result, std::string_view what);
  void work();

  SharedStates& states_;
  const std::unique_ptr<Store> store_;
  const std::chrono::milliseconds patience_;
  const Clock now_;
  const Tell tell_;
  std::mutex turn_;                                           // restore() or save()
  std::map<std::string, std::weak_ptr<KeptState>> restored_;  // by what they are kept under
  bool works_ = true;                                         // as far as the log was told
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace weir
