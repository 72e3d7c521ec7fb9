// Live stories for one who follows them, without any request waiting for it.
//
// Problem: somebody looks at the traffic of all cores through one connection that may be slow; under load there are
// more requests than anybody can read, and none of them may be slowed down by being looked at.
// Idea: each core collects what matches in an outbox of bounded size and hands it over ten times a second, if what it
// handed over before has been taken. Beyond the rate asked for it takes every n-th, with n from the interval before.
// What is not taken is counted, and the count is told.
//
// Invariants
//   (1) A request at most copies its story into its own core's outbox; it takes no lock.
//   (2) Memory: at most outbox_bytes_max per core here and once more on its way.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "contracts/observer.h"
#include "contracts/shard.h"
#include "observers/stories/story_filter.h"

namespace weir {

/// What one core hands over at once.
struct StoryParcel {
  std::string stories;        ///< as written by write_story(), one behind the other
  std::uint64_t skipped = 0;  ///< matched too, and are not among them
};

/// Calls `visit` with the bytes of each story of a parcel.
template <typename Visit>
void for_each_story(std::string_view stories, Visit visit) {
  while (!stories.empty()) {
    std::uint32_t bytes = 0;
    stories.copy(reinterpret_cast<char*>(&bytes), sizeof(bytes));
    visit(stories.substr(0, bytes));
    stories.remove_prefix(bytes);
  }
}

/// The reader's side; lives on the reader's core, shared with the outboxes of all.
class StoryFeed : public std::enable_shared_from_this<StoryFeed> {
 public:
  /// \param rate  stories a second, of all `cores` together
  StoryFeed(Reactor& home, StoryFilter filter, unsigned rate, std::size_t cores);

  const StoryFilter filter;
  const unsigned taken_per_interval;  ///< by each core

  /// `co_await StoryFeed::Next(feed, patience)`: what has come; an empty parcel when nothing has for so long.
  class Next final : public Suspension, private Timer {
   public:
    Next(StoryFeed& feed, Duration patience) : feed_(feed), patience_(patience) {}
    Next(const Next&) = delete;
    Next& operator=(const Next&) = delete;

    bool await_ready() const { return !feed_.arrived_.empty(); }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      if (const Error* already = suspend(handle)) {
        outcome_ = fail(*already);
        return false;
      }
      feed_.waiting_ = this;
      feed_.home_.timers().arm(*this, deadline_after(feed_.home_.now(), patience_));
      return true;
    }
    /// \errors  canceled
    Result<StoryParcel> await_resume();

   private:
    friend class StoryFeed;
    void fire(Time) override { decided(); }
    void cancel(Error why) override {
      outcome_ = fail(why);
      decided();
    }
    void decided();

    StoryFeed& feed_;
    Duration patience_;
    Result<void> outcome_{};
  };

  /// Nobody reads any more. Outboxes notice.
  void close() { closed_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool closed() const { return closed_.load(std::memory_order_relaxed); }

  /// From a core's thread: brings a parcel home.
  void send(StoryParcel parcel);
  /// Whether what this many parcels hold is still unread: then outboxes keep theirs.
  [[nodiscard]] bool busy(std::size_t parcels_max) const {
    return unread_.load(std::memory_order_relaxed) >= parcels_max;
  }

  static constexpr Duration interval = std::chrono::milliseconds{100};
  static constexpr std::size_t outbox_bytes_max = std::size_t{128} << 10U;

 private:
  Reactor& home_;
  std::atomic<bool> closed_{false};
  std::atomic<std::size_t> unread_{0};  // parcels sent and not read
  std::vector<StoryParcel> arrived_;    // of the home core
  Next* waiting_ = nullptr;             // of the home core
};

/// One core's side of a feed.
class StoryOutbox final : private Timer {
 public:
  StoryOutbox(Shard& shard, std::shared_ptr<StoryFeed> feed, std::size_t cores)
      : shard_(shard), feed_(std::move(feed)), cores_(cores) {}
  StoryOutbox(const StoryOutbox&) = delete;
  StoryOutbox& operator=(const StoryOutbox&) = delete;
  ~StoryOutbox() { shard_.reactor.timers().disarm(*this); }

  /// Takes the exchange's story if it is wanted. \param story  its bytes if it has been written already, else empty
  void offer(const Exchange& exchange, const Delivery& delivery, std::string_view story);
  [[nodiscard]] bool closed() const { return feed_->closed(); }

 private:
  void fire(Time) override;
  bool takes_this_one();

  Shard& shard_;
  std::shared_ptr<StoryFeed> feed_;
  std::size_t cores_;
  StoryParcel parcel_;
  std::uint64_t matched_ = 0;  // in this interval
  std::uint64_t taken_ = 0;
  std::uint64_t every_ = 1;
};

}  // namespace weir
