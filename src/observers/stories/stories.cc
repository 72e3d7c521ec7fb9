// A core's book of stories, and how all books are asked.
#include "observers/stories/stories.h"

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "observers/stories/story.h"

namespace weir {
namespace {

/// The share of failed and slow requests. They are few, so a quarter keeps them much longer.
constexpr std::size_t notable_share = 4;
/// Looked at before others get their turn: some 20 microseconds.
constexpr unsigned stories_per_slice = 200;

}  // namespace

class Stories::Book final : public ShardState {
 public:
  Book(Shard& shard, std::shared_ptr<Book*> known) : shard_(shard), known_(std::move(known)) { *known_ = this; }
  ~Book() override { *known_ = nullptr; }
  void stop() override { outboxes_.clear(); }

  void add(const Exchange& exchange, const Delivery& delivery, std::size_t bytes, Duration slow) {
    if (bytes != bytes_) [[unlikely]]
      resize(bytes);
    std::string_view written;
    if (ordinary_) {
      StoryRing& ring = is_notable(exchange, delivery, slow) ? *notable_ : *ordinary_;
      char* const room = ring.begin();
      const std::size_t used = write_story(room, exchange, delivery, shard_.reactor.wall_now());
      ring.end(used);
      written = {room, used};
    }
    if (!outboxes_.empty()) [[unlikely]]
      offer(exchange, delivery, written);
  }

  void follow(std::shared_ptr<StoryFeed> feed, std::size_t cores) {
    forget_closed();
    outboxes_.push_back(std::make_unique<StoryOutbox>(shard_, std::move(feed), cores));
  }

  [[nodiscard]] StoryRing* ring(bool notable) { return (notable ? notable_ : ordinary_).get(); }
  /// Changes when the rings are others than before.
  [[nodiscard]] std::uint64_t edition() const { return edition_; }

 private:
  void resize(std::size_t bytes) {
    bytes_ = bytes;
    ++edition_;
    ordinary_.reset();
    notable_.reset();
    if (bytes == 0) return;
    notable_ = std::make_unique<StoryRing>(bytes / notable_share);
    ordinary_ = std::make_unique<StoryRing>(bytes - bytes / notable_share);
  }

  void forget_closed() {
    std::erase_if(outboxes_, [](const std::unique_ptr<StoryOutbox>& outbox) { return outbox->closed(); });
  }

  void offer(const Exchange& exchange, const Delivery& delivery, std::string_view written) {
    forget_closed();
    for (const auto& outbox : outboxes_) outbox->offer(exchange, delivery, written);
  }

  Shard& shard_;
  std::shared_ptr<Book*> known_;  // where Stories looks for us
  std::size_t bytes_ = 0;
  std::uint64_t edition_ = 0;
  std::unique_ptr<StoryRing> ordinary_;
  std::unique_ptr<StoryRing> notable_;
  std::vector<std::unique_ptr<StoryOutbox>> outboxes_;
};

/// One question to all cores; whoever answers last tells.
struct Stories::Question {
  std::string id;
  Found found;
  std::mutex mutex;
  FoundStories answer;
  std::size_t cores_left = 0;

  void add(FoundStories part) {
    const std::lock_guard lock(mutex);
    for (std::string& story : part.stories) answer.stories.push_back(std::move(story));
    answer.remembered += part.remembered;
    answer.since = std::max(answer.since, part.since);
    if (--cores_left > 0) return;
    std::ranges::sort(answer.stories, {}, [](const std::string& story) { return read_story(story).ended; });
    if (answer.stories.size() > found_max) answer.stories.resize(found_max);
    found(std::move(answer));
  }
};

Stories::Stories(const StorySettings& settings, std::size_t cores) : cores_(std::max<std::size_t>(1, cores)) {
  configure(settings);
}

void Stories::configure(const StorySettings& settings) {
  bytes_per_core_.store(settings.memory_bytes / cores_, std::memory_order_relaxed);
  slow_.store(settings.slow < Duration::zero() ? Duration::max().count() : settings.slow.count(),
              std::memory_order_relaxed);
}

Stories::Book& Stories::book_of(Shard& shard) {
  invariant(shard.id < cores_max, "a machine has at most as many cores as stories know");
  Book*& known = (*books_)[shard.id];
  if (known == nullptr) {
    shard.state<Book>(StateKey("stories"),
                      [&] { return std::make_unique<Book>(shard, std::shared_ptr<Book*>(books_, &known)); });
  }
  return *known;
}

void Stories::ended(const Exchange& exchange, const Delivery& delivery) {
  const std::size_t bytes = bytes_per_core();
  if (bytes == 0 && (*books_)[exchange.shard.id] == nullptr) return;
  book_of(exchange.shard).add(exchange, delivery, bytes, Duration{slow_.load(std::memory_order_relaxed)});
}

void Stories::find(std::span<Shard* const> shards, std::string id, Found found) {
  const auto question = std::make_shared<Question>();
  question->id = std::move(id);
  question->found = std::move(found);
  question->cores_left = shards.size();
  question->answer.kept = bytes_per_core() > 0;  // a ring is made with the first story: there may be none yet
  for (Shard* shard : shards) {
    shard->reactor.mailbox().send(
        [this, shard, question] { shard->scope.spawn(search(book_of(*shard), *shard, question)); });
  }
}

Task<void> Stories::search(Book& book, Shard& shard, std::shared_ptr<Question> question) {
  FoundStories part;
  const std::uint64_t edition = book.edition();
  for (const bool notable : {false, true}) {
    StoryRing* const ring = book.ring(notable);
    if (ring == nullptr) continue;
    part.remembered += ring->stories();
    std::uint64_t place = ring->oldest();
    unsigned looked_at = 0;
    while (book.edition() == edition) {
      const std::string_view story = ring->next(place);
      if (story.empty()) break;
      if (!notable && part.since == WallTime{}) part.since = read_story(story).ended;
      if (has_request_id(story, question->id) && part.stories.size() < found_max) part.stories.emplace_back(story);
      if (++looked_at % stories_per_slice == 0) co_await Yield(shard.reactor);
    }
    if (book.edition() != edition) break;  // the memory was given another size meanwhile
  }
  question->add(std::move(part));
}

bool Stories::admit(const std::shared_ptr<StoryFeed>& feed) {
  const std::lock_guard lock(followers_mutex_);
  std::erase_if(followers_, [](const std::weak_ptr<StoryFeed>& follower) {
    const auto open = follower.lock();
    return open == nullptr || open->closed();
  });
  if (followers_.size() >= limits::tail_followers) return false;
  followers_.push_back(feed);
  return true;
}

bool Stories::follow(std::span<Shard* const> shards, const std::shared_ptr<StoryFeed>& feed) {
  if (!admit(feed)) return false;
  for (Shard* shard : shards) {
    shard->reactor.mailbox().send([this, shard, feed, cores = shards.size()] { book_of(*shard).follow(feed, cores); });
  }
  return true;
}

}  // namespace weir
