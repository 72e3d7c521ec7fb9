// The memory of past requests: each core keeps the stories of its own, and is asked when somebody wants to know.
//
// Problem: "why was my request answered like that" comes after the fact, for one request in millions.
// Idea: each core has two rings (story_ring.h). Every story goes into the first; those that failed or took long go into
// the second instead, where ordinary traffic does not push them out. Questions go to all cores through their
// mailboxes, and each looks through its rings in small slices between its other work.
//
// Invariants
//   (1) A core touches its own rings only; recording takes no lock and allocates nothing once the rings are there.
//   (2) All rings together hold at most the memory configured (or 2 * 4 * story_bytes_max per core, if that is more).
//   (3) Stories refer to nothing of their exchange or configuration (story.h).
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "contracts/observer.h"
#include "contracts/snapshot.h"
#include "observers/stories/story_feed.h"
#include "observers/stories/story_ring.h"

namespace weir {

/// What was found, on all cores.
struct FoundStories {
  std::vector<std::string> stories;  ///< bytes for read_story(); the earliest first
  std::uint64_t remembered = 0;      ///< how many there are to find
  bool kept = false;                 ///< whether stories are kept at all
  WallTime since{};                  ///< of the oldest ordinary one, on the core that has forgotten most; if any
};

class Stories final : public Observer {
 public:
  using Found = std::move_only_function<void(FoundStories)>;

  Stories(const StorySettings& settings, std::size_t cores);

  void ended(const Exchange& exchange, const Delivery& delivery) override;

  /// From any thread. Memory that is given another size begins empty.
  void configure(const StorySettings& settings);

  /// Looks for requests whose id begins with `id`, on all cores. \param found  called once, on the last core that
  /// answers
  void find(std::span<Shard* const> shards, std::string id, Found found);
  /// Has every core offer what ends from now on to the feed, until it is closed. From any thread.
  /// \returns  false, and does nothing, when limits::tail_followers feeds are open
  [[nodiscard]] bool follow(std::span<Shard* const> shards, const std::shared_ptr<StoryFeed>& feed);

  /// Bytes that the rings of one core may have.
  [[nodiscard]] std::size_t bytes_per_core() const { return bytes_per_core_.load(std::memory_order_relaxed); }

  /// How many stories with one id are told; an id that somebody else chose may stand in front of a thousand requests.
  static constexpr std::size_t found_max = 20;

 private:
  class Book;
  struct Question;
  static constexpr std::size_t cores_max = 1024;

  Book& book_of(Shard& shard);
  static Task<void> search(Book& book, Shard& shard, std::shared_ptr<Question> question);
  bool admit(const std::shared_ptr<StoryFeed>& feed);

  std::size_t cores_;
  std::atomic<std::size_t> bytes_per_core_;
  std::atomic<Duration::rep> slow_;
  using Books = std::array<Book*, cores_max>;
  std::shared_ptr<Books> books_ = std::make_shared<Books>();  // each entry is its core's own, who may outlive us
  std::mutex followers_mutex_;
  std::vector<std::weak_ptr<StoryFeed>> followers_;  // those that were open when the last one came
};

}  // namespace weir
