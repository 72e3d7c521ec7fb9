// Writing, forgetting and walking: story_ring.h.
#include "observers/stories/story_ring.h"

#include <algorithm>
#include <cstring>

namespace weir {
namespace {

/// Stands for the length where the rest of a lap is left empty.
constexpr std::uint32_t nothing_more = 0;
constexpr std::size_t alignment = 8;

}  // namespace

StoryRing::StoryRing(std::size_t bytes)
    : capacity_(std::max(bytes - bytes % alignment, 2 * story_bytes_max)),
      // Not touched before it is needed: a gateway without traffic does not pay for it.
      memory_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

char* StoryRing::begin() {
  const std::size_t into_lap = end_ % capacity_;
  if (capacity_ - into_lap < story_bytes_max) {
    forget_until(lap_behind(end_));
    std::memcpy(memory_.get() + into_lap, &nothing_more, sizeof(nothing_more));
    end_ = lap_behind(end_);
  }
  forget_until(end_ + story_bytes_max);
  return memory_.get() + end_ % capacity_;
}

void StoryRing::end(std::size_t bytes) {
  invariant(bytes > 0 && bytes % alignment == 0 && bytes <= story_bytes_max, "a story fits into the room it was given");
  const auto length = static_cast<std::uint32_t>(bytes);
  std::memcpy(memory_.get() + end_ % capacity_, &length, sizeof(length));
  end_ += bytes;
  ++stories_;
  fetch_ahead();
}

// What the next begin() and its writer touch was last touched a lap ago and is in no cache: asked for now, it is there
// when the next request ends. (Waiting for it was the largest part of what a story costs.)
void StoryRing::fetch_ahead() const {
  constexpr std::size_t line = 64;
  constexpr std::size_t ordinary_story = 640;
  __builtin_prefetch(memory_.get() + oldest_ % capacity_);
  const std::size_t room = end_ % capacity_;
  for (std::size_t at = room; at < std::min(room + ordinary_story, capacity_); at += line) {
    __builtin_prefetch(memory_.get() + at, 1);
  }
}

/// Makes room up to `place`, which is not written yet.
void StoryRing::forget_until(std::uint64_t place) {
  while (oldest_ < end_ && place - oldest_ > capacity_) {
    const std::uint32_t length = length_at(oldest_);
    if (length != nothing_more) --stories_;
    oldest_ = length == nothing_more ? lap_behind(oldest_) : oldest_ + length;
  }
  oldest_ = std::min(oldest_, end_);
}

std::string_view StoryRing::next(std::uint64_t& place) const {
  place = std::max(place, oldest_);
  while (place < end_) {
    const std::uint64_t at = place;
    const std::uint32_t length = length_at(at);
    place = length == nothing_more ? lap_behind(at) : at + length;
    if (length != nothing_more) return {memory_.get() + at % capacity_, length};
  }
  return {};
}

std::uint32_t StoryRing::length_at(std::uint64_t place) const {
  std::uint32_t length = 0;
  std::memcpy(&length, memory_.get() + place % capacity_, sizeof(length));
  return length;
}

}  // namespace weir
