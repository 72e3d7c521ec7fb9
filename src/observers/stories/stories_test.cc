// What a core remembers, for how long, in how much memory; and who follows live.
#include "observers/stories/stories.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <fmt/format.h>

#include "base/limits.h"
#include "contracts/testing/test_exchange.h"
#include "observers/stories/story.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class StoriesTest : public testing::Test {
 protected:
  static StorySettings settings(ByteCount memory) { return {.memory_bytes = memory, .slow = 1s}; }

  void pass(Stories& stories, std::string_view id, Status status, Duration took = 1ms) {
    TestExchange test(shard);
    test.exchange.request_id = id;
    test.exchange.route_name = status == 404 ? "" : "cart";
    test.exchange.timings.head_started = Time{} + 1s;
    test.exchange.timings.finished = Time{} + 1s + took;
    stories.ended(test.exchange, {.status = status, .complete = true});
  }

  FoundStories find(Stories& stories, std::string id) {
    std::optional<FoundStories> found;
    stories.find(shards(), std::move(id), [&](FoundStories answer) { found = std::move(answer); });
    shard.world().run_until([&] { return found.has_value(); });
    return std::move(*found);
  }

  std::span<Shard* const> shards() { return {&shard_pointer, 1}; }

  TestShard shard;
  Shard* shard_pointer = &shard.shard();
};

TEST_F(StoriesTest, finds_requests_by_the_beginning_of_their_id) {
  Stories stories(settings(1 * mebibyte), 1);
  for (int number = 0; number < 1000; ++number) pass(stories, fmt::format("request-{:04}", number), 200);
  const FoundStories one = find(stories, "request-0777");
  ASSERT_EQ(one.stories.size(), 1);
  EXPECT_EQ(read_story(one.stories[0]).request_id, "request-0777");
  EXPECT_EQ(one.remembered, 1000);
  EXPECT_EQ(find(stories, "request-077").stories.size(), 10);
  EXPECT_EQ(find(stories, "request-").stories.size(), Stories::found_max);
  const FoundStories none = find(stories, "nobody");
  EXPECT_TRUE(none.stories.empty());
  EXPECT_TRUE(none.kept);
}

TEST_F(StoriesTest, failed_and_slow_ones_outlive_ordinary_ones) {
  Stories stories(settings(1 * mebibyte), 1);
  pass(stories, "ordinary", 200);
  pass(stories, "failed-one", 502);
  pass(stories, "slow-one", 200, 3s);
  for (int number = 0; number < 20'000; ++number) pass(stories, "crowd", 200);
  EXPECT_TRUE(find(stories, "ordinary").stories.empty());
  EXPECT_EQ(find(stories, "failed-one").stories.size(), 1);
  EXPECT_EQ(find(stories, "slow-one").stories.size(), 1);
}

TEST_F(StoriesTest, memory_stays_within_its_bound_after_a_million_requests) {
  constexpr std::size_t bound = 4 * mebibyte;
  Stories stories(settings(bound), 1);
  TestExchange test(shard);
  test.request("GET", "/cart/items/4711?colour=red", "shop.example.com");
  test.exchange.request_id = "7d8059fc038e2d1c582be76aa24f3106";
  for (const std::string_view room : {"route", "access", "balance", "pool"})
    test.exchange.record({.room = room, .verdict = "matched", .subject = {}, .reason = {}, .place = {}}, 7);
  const auto in_use = [] {
    const struct mallinfo2 now = ::mallinfo2();
    return now.uordblks + now.hblkhd;
  };
  const std::size_t before = in_use();
  for (int number = 0; number < 1'000'000; ++number) {
    stories.ended(test.exchange, {.status = static_cast<Status>(number % 10 == 0 ? 502 : 200), .complete = true});
  }
  const std::size_t after = in_use();
  EXPECT_LE(after, before + bound + 64 * kibibyte);
  const FoundStories found = find(stories, "7d8059");
  EXPECT_GT(found.remembered, bound / 1024) << "the memory is used: a story is well below a kibibyte";
}

TEST_F(StoriesTest, off_remembers_nothing_and_takes_no_memory) {
  Stories stories(settings(0), 1);
  pass(stories, "request-1", 502);
  const FoundStories found = find(stories, "request-1");
  EXPECT_TRUE(found.stories.empty());
  EXPECT_FALSE(found.kept);
  EXPECT_EQ(found.remembered, 0);
}

TEST_F(StoriesTest, are_on_before_there_is_one) {
  Stories stories(settings(1 * mebibyte), 1);
  const FoundStories found = find(stories, "request-1");
  EXPECT_TRUE(found.kept);
  EXPECT_EQ(found.remembered, 0);
}

TEST_F(StoriesTest, follow_another_size_and_off) {
  Stories stories(settings(1 * mebibyte), 1);
  pass(stories, "request-1", 200);
  stories.configure(settings(2 * mebibyte));
  EXPECT_EQ(find(stories, "request-1").stories.size(), 1) << "until the next request";
  pass(stories, "request-2", 200);
  EXPECT_EQ(find(stories, "request-").stories.size(), 1);
  stories.configure(settings(0));
  pass(stories, "request-3", 200);
  EXPECT_FALSE(find(stories, "request-").kept);
}

class StoryFeedTest : public StoriesTest {
 protected:
  std::shared_ptr<StoryFeed> follow(Stories& stories, StoryFilter filter, unsigned rate) {
    auto feed = std::make_shared<StoryFeed>(shard.shard().reactor, std::move(filter), rate, 1);
    EXPECT_TRUE(stories.follow(shards(), feed));
    shard.world().settle();
    return feed;
  }
  Task<Result<StoryParcel>> next(StoryFeed& feed) { co_return co_await StoryFeed::Next(feed, 10s); }
  StoryParcel take(StoryFeed& feed) {
    Result<StoryParcel> parcel = shard.run_to_end(next(feed));
    EXPECT_TRUE(parcel);
    return std::move(*parcel);
  }
  static std::size_t count(const StoryParcel& parcel) {
    std::size_t stories = 0;
    for_each_story(parcel.stories, [&](std::string_view) { ++stories; });
    return stories;
  }
};

TEST_F(StoryFeedTest, brings_what_is_wanted_and_nothing_else) {
  Stories stories(settings(1 * mebibyte), 1);
  const auto feed = follow(stories, {.statuses = *parse_statuses("5xx"), .route = "cart"}, 1000);
  pass(stories, "good-one", 200);
  pass(stories, "failed-one", 502);
  pass(stories, "not-found", 404);
  const StoryParcel parcel = take(*feed);
  ASSERT_EQ(count(parcel), 1);
  EXPECT_EQ(read_story(parcel.stories).request_id, "failed-one");
  EXPECT_EQ(parcel.skipped, 0);
  EXPECT_EQ(count(take(*feed)), 0) << "nothing came for ten seconds";
}

TEST_F(StoryFeedTest, works_with_stories_off) {
  Stories stories(settings(0), 1);
  const auto feed = follow(stories, {}, 1000);
  pass(stories, "request-1", 200);
  EXPECT_EQ(count(take(*feed)), 1);
}

TEST_F(StoryFeedTest, under_load_takes_a_sample_and_counts_the_rest) {
  Stories stories(settings(1 * mebibyte), 1);
  const auto feed = follow(stories, {}, 100);
  for (int number = 0; number < 500; ++number) pass(stories, fmt::format("first-{}", number), 200);
  const StoryParcel first = take(*feed);
  EXPECT_EQ(count(first), 10) << "a tenth of a second's share";
  EXPECT_EQ(first.skipped, 490);
  for (int number = 0; number < 500; ++number) pass(stories, fmt::format("request-{}", number), 200);
  const StoryParcel second = take(*feed);
  EXPECT_EQ(count(second), 10);
  std::string last;
  for_each_story(second.stories, [&](std::string_view bytes) { last = read_story(bytes).request_id; });
  EXPECT_EQ(last, "request-450") << "spread over the interval";
}

TEST_F(StoryFeedTest, reader_that_does_not_read_costs_a_bounded_outbox_and_no_request) {
  Stories stories(settings(1 * mebibyte), 1);
  const auto feed = follow(stories, {}, 1'000'000);
  const std::size_t rounds = 20;
  for (std::size_t round = 0; round < rounds; ++round) {
    for (int number = 0; number < 1000; ++number) pass(stories, "request", 200);
    const Time later = shard.shard().reactor.now() + 150ms;
    shard.world().run_until([&] { return shard.shard().reactor.now() >= later; });
  }
  const StoryParcel parcel = take(*feed);
  EXPECT_LE(parcel.stories.size(), StoryFeed::outbox_bytes_max);
  const StoryParcel rest = take(*feed);
  EXPECT_LE(rest.stories.size(), StoryFeed::outbox_bytes_max);
  EXPECT_EQ(count(parcel) + parcel.skipped + count(rest) + rest.skipped, rounds * 1000) << "every one is accounted for";
}

TEST_F(StoryFeedTest, closed_feed_is_forgotten) {
  Stories stories(settings(1 * mebibyte), 1);
  std::weak_ptr<StoryFeed> seen;
  {
    const auto feed = follow(stories, {}, 100);
    seen = feed;
    feed->close();
  }
  pass(stories, "request", 200);
  EXPECT_TRUE(seen.expired());
}

TEST_F(StoryFeedTest, so_many_follow_and_no_more_until_one_goes) {
  Stories stories(settings(1 * mebibyte), 1);
  std::vector<std::shared_ptr<StoryFeed>> feeds;
  for (std::size_t number = 0; number < limits::tail_followers; ++number) feeds.push_back(follow(stories, {}, 100));
  const auto one_more = std::make_shared<StoryFeed>(shard.shard().reactor, StoryFilter{}, 100, 1);
  EXPECT_FALSE(stories.follow(shards(), one_more));
  shard.world().settle();
  EXPECT_EQ(one_more.use_count(), 1) << "no core knows who was refused";
  feeds[3]->close();
  EXPECT_TRUE(stories.follow(shards(), one_more));
  EXPECT_FALSE(stories.follow(shards(), feeds[3]));
  shard.world().settle();
}

TEST_F(StoryFeedTest, who_went_is_forgotten_when_another_comes_even_if_no_request_does) {
  Stories stories(settings(1 * mebibyte), 1);
  auto gone = follow(stories, {}, 100);
  gone->close();
  const std::weak_ptr<StoryFeed> seen = gone;
  gone.reset();
  const auto other = follow(stories, {}, 100);
  EXPECT_TRUE(seen.expired());
}

TEST(StoryFilter, statuses_are_classes_numbers_and_none) {
  using Ranges = std::vector<std::pair<Status, Status>>;
  EXPECT_EQ(parse_statuses("5xx"), (Ranges{{500, 599}}));
  EXPECT_EQ(parse_statuses("404, 4XX,none"), (Ranges{{404, 404}, {400, 499}, {0, 0}}));
  for (const std::string_view wrong : {"", "6xx", "0xx", "99", "600", "5x", "abc", "5xx,"})
    EXPECT_FALSE(parse_statuses(wrong)) << wrong;
}

}  // namespace
}  // namespace weir
