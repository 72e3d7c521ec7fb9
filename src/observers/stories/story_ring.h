// The last so many bytes of stories, the oldest first to go.
//
// Problem: what is kept of past requests must never grow, never allocate while requests are served, and cost one
// sequential write.
// Idea: one block of memory used as a ring. Whoever writes gets room for the largest story there can be, in one piece,
// and then says how much of it was used; whatever stood in the way is forgotten whole.
//
// Places in the ring are counted from its beginning of time and never repeat, so that somebody who looks through it in
// several turns notices what has gone meanwhile.
//
// Invariants
//   (1) A story lies in one piece and begins at a multiple of eight; its first four bytes are its length.
//   (2) oldest_ <= end_ and end_ - oldest_ <= capacity: memory in use never passes what was asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/invariant.h"

namespace weir {

/// A story has at most as many bytes; what does not fit is left out of it.
inline constexpr std::size_t story_bytes_max = 4096;

class StoryRing {
 public:
  /// \param bytes  at least 2 * story_bytes_max are used
  explicit StoryRing(std::size_t bytes);

  /// Room for a story of story_bytes_max bytes. Follow with end().
  [[nodiscard]] char* begin();
  /// Keeps the first `bytes` of the room, a multiple of eight, and writes the length into their first four.
  void end(std::size_t bytes);

  /// Where a walk begins.
  [[nodiscard]] std::uint64_t oldest() const { return oldest_; }
  /// The story at `place` or the first behind it that is still there; `place` moves behind it. Valid until the next
  /// begin(). \returns  empty at the end
  [[nodiscard]] std::string_view next(std::uint64_t& place) const;

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t stories() const { return stories_; }

 private:
  [[nodiscard]] std::uint32_t length_at(std::uint64_t place) const;
  [[nodiscard]] std::uint64_t lap_behind(std::uint64_t place) const { return place - place % capacity_ + capacity_; }
  void forget_until(std::uint64_t place);
  void fetch_ahead() const;

  std::size_t capacity_;
  std::unique_ptr<char[]> memory_;
  std::uint64_t oldest_ = 0;
  std::uint64_t end_ = 0;
  std::size_t stories_ = 0;
};

}  // namespace weir
