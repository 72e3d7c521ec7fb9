// Collecting on each core, handing over, reading: story_feed.h.
#include "observers/stories/story_feed.h"

#include <algorithm>
#include <utility>

#include "observers/stories/story.h"
#include "observers/stories/story_ring.h"

namespace weir {

StoryFeed::StoryFeed(Reactor& home, StoryFilter filter_in, unsigned rate, std::size_t cores)
    : filter(std::move(filter_in)),
      taken_per_interval(
          std::max(1U, static_cast<unsigned>(rate / (std::chrono::seconds{1} / interval) /
                                             static_cast<std::int64_t>(std::max<std::size_t>(1, cores))))),
      home_(home) {}

void StoryFeed::send(StoryParcel parcel) {
  unread_.fetch_add(1, std::memory_order_relaxed);
  home_.mailbox().send([feed = shared_from_this(), parcel = std::move(parcel)]() mutable {
    feed->arrived_.push_back(std::move(parcel));
    if (feed->waiting_ != nullptr) feed->waiting_->decided();
  });
}

void StoryFeed::Next::decided() {
  feed_.home_.timers().disarm(*this);
  feed_.waiting_ = nullptr;
  feed_.home_.schedule(*this);
}

Result<StoryParcel> StoryFeed::Next::await_resume() {
  TRY_VOID(outcome_);
  StoryParcel all;
  for (StoryParcel& parcel : std::exchange(feed_.arrived_, {})) {
    all.stories += parcel.stories;
    all.skipped += parcel.skipped;
    feed_.unread_.fetch_sub(1, std::memory_order_relaxed);
  }
  return all;
}

void StoryOutbox::offer(const Exchange& exchange, const Delivery& delivery, std::string_view story) {
  if (!feed_->filter.wants(exchange, delivery)) return;
  if (!armed()) shard_.reactor.timers().arm(*this, shard_.reactor.now() + StoryFeed::interval);
  if (!takes_this_one()) {
    ++parcel_.skipped;
    return;
  }
  if (!story.empty()) {
    parcel_.stories += story;
    return;
  }
  const std::size_t before = parcel_.stories.size();
  parcel_.stories.resize(before + story_bytes_max);
  char* const room = parcel_.stories.data() + before;
  const auto bytes = static_cast<std::uint32_t>(write_story(room, exchange, delivery, shard_.reactor.wall_now()));
  std::memcpy(room, &bytes, sizeof(bytes));
  parcel_.stories.resize(before + bytes);
}

bool StoryOutbox::takes_this_one() {
  if (matched_++ % every_ != 0 || taken_ >= feed_->taken_per_interval) return false;
  if (parcel_.stories.size() + story_bytes_max > StoryFeed::outbox_bytes_max) return false;
  ++taken_;
  return true;
}

// The end of an interval. What the reader has not taken yet stays here, and from then on the outbox fills up.
void StoryOutbox::fire(Time) {
  every_ = std::max<std::uint64_t>(1, matched_ / feed_->taken_per_interval);
  const bool more_to_come = matched_ > 0;
  matched_ = taken_ = 0;
  if (feed_->closed()) return;
  if ((!parcel_.stories.empty() || parcel_.skipped > 0) && !feed_->busy(cores_)) {
    feed_->send(std::exchange(parcel_, {}));
  } else if (!more_to_come && parcel_.stories.empty() && parcel_.skipped == 0) {
    return;
  }
  shard_.reactor.timers().arm(*this, shard_.reactor.now() + StoryFeed::interval);
}

}  // namespace weir
