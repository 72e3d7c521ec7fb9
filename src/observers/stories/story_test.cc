// What is read back is what happened, and nothing that was borrowed is needed for it.
#include "observers/stories/story.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_exchange.h"
#include "observers/stories/story_ring.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class StoryTest : public testing::Test {
 protected:
  std::string written(TestExchange& test, const Delivery& delivery) {
    std::string bytes(story_bytes_max, '\0');
    bytes.resize(write_story(bytes.data(), test.exchange, delivery, WallTime{1s}));
    return bytes;
  }

  TestShard shard;
};

TEST_F(StoryTest, is_read_back_after_everything_it_was_made_of_is_gone) {
  std::string bytes;
  {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->hash = "0123456789abcdef0123456789abcdef";
    const auto name = std::make_unique<std::string>("cart");
    TestExchange test(shard, std::move(snapshot));
    test.request("GET", "/cart/7?token=x", "shop.test").client("10.0.0.1");
    test.connection.listener_name = "web";
    Exchange& exchange = test.exchange;
    exchange.request_id = "7d8059fc038e2d1c582be76aa24f3106";
    exchange.route_name = *name;
    exchange.filters = "access rewrite";
    exchange.steps_entered = 2;
    exchange.upstream_name = "shop";
    exchange.upstream_endpoint = "10.0.0.2:3000";
    exchange.attempts = 2;
    const Place place{intern_file_name("shop.yaml"), 14, 3};
    exchange.record({.room = "route", .verdict = "matched", .subject = *name, .reason = "matched", .place = place}, 77);
    const Time start = Time{} + 1s;
    exchange.timings = {.head_started = start,
                        .head_read = start,
                        .upstream_leased = start + 3ms,
                        .upstream_sent = {},
                        .upstream_head = {},
                        .response_head = start + 5ms,
                        .last_byte = {},
                        .finished = start + 6ms};
    const Error error = upstream_error(Code::peer_reset, "while it answered");
    bytes = written(
        test, {.status = 502, .complete = false, .request_body_bytes = 1, .response_body_bytes = 2, .error = &error});
  }
  const Story story = read_story(bytes);
  EXPECT_EQ(story.request_id, "7d8059fc038e2d1c582be76aa24f3106");
  EXPECT_EQ(story.configuration, "0123456789ab");
  EXPECT_EQ(story.listener, "web");
  EXPECT_EQ(story.method, "GET");
  EXPECT_EQ(story.authority, "shop.test");
  EXPECT_EQ(story.target, "/cart/7?token=x");
  EXPECT_EQ(story.route, "cart");
  EXPECT_EQ(story.filters, "access rewrite");
  EXPECT_EQ(story.steps_entered, 2);
  EXPECT_EQ(story.upstream, "shop");
  EXPECT_EQ(story.endpoint, "10.0.0.2:3000");
  EXPECT_EQ(story.attempts, 2);
  EXPECT_EQ(story.status, 502);
  EXPECT_FALSE(story.complete);
  EXPECT_FALSE(story.cut);
  EXPECT_EQ(story.client.address.text(), "10.0.0.1");
  EXPECT_EQ(story.request_body_bytes, 1);
  EXPECT_EQ(story.response_body_bytes, 2);
  EXPECT_EQ(story.ended, WallTime{1s});
  EXPECT_EQ(story.duration, 6ms);
  EXPECT_EQ(story.when(Moment::head_read), 0ms);
  EXPECT_EQ(story.when(Moment::upstream_leased), 3ms);
  EXPECT_EQ(story.when(Moment::upstream_sent), std::nullopt);
  ASSERT_TRUE(story.error);
  EXPECT_EQ(story.error->code, Code::peer_reset);
  EXPECT_STREQ(story.error->text, "while it answered");
  ASSERT_EQ(story.decisions.size(), 1);
  EXPECT_EQ(story.decisions[0].subject, "cart");
  EXPECT_EQ(story.decisions[0].place.text(), "shop.yaml:14:3");
  EXPECT_EQ(facts_from<int>(story.decisions[0].facts), 77);
}

TEST_F(StoryTest, of_a_request_that_could_not_be_read_has_what_there_is) {
  TestExchange test(shard);
  test.exchange.request = RequestHead(test.exchange.arena);
  const std::string bytes = written(test, {.status = 400});
  const Story story = read_story(bytes);
  EXPECT_EQ(story.status, 400);
  EXPECT_TRUE(story.method.empty());
  EXPECT_TRUE(story.decisions.empty());
}

TEST_F(StoryTest, is_cut_and_says_so_when_texts_or_decisions_do_not_fit) {
  const std::string long_text(5000, 'a');
  TestExchange test(shard);
  test.exchange.request.target = long_text;
  std::string bytes = written(test, {});
  EXPECT_TRUE(read_story(bytes).cut);
  EXPECT_EQ(read_story(bytes).target.size(), text_bytes_max);

  TestExchange many(shard);
  for (int number = 0; number < 300; ++number)
    many.exchange.record({.room = "room", .verdict = "verdict", .subject = "x", .reason = {}, .place = {}});
  bytes = written(many, {});
  EXPECT_LE(bytes.size(), story_bytes_max);
  EXPECT_TRUE(read_story(bytes).cut);
  EXPECT_GT(read_story(bytes).decisions.size(), 50);
}

TEST_F(StoryTest, is_found_by_the_beginning_of_its_id) {
  TestExchange test(shard);
  test.exchange.request_id = "abcdef0123";
  const std::string bytes = written(test, {});
  EXPECT_TRUE(has_request_id(bytes, "abcdef"));
  EXPECT_TRUE(has_request_id(bytes, "abcdef0123"));
  EXPECT_FALSE(has_request_id(bytes, "abcdef01234"));
  EXPECT_FALSE(has_request_id(bytes, "bcdef0"));
}

TEST_F(StoryTest, is_notable_when_it_failed_by_others_than_the_client_or_took_long) {
  TestExchange test(shard);
  const Error client = client_error(Code::no_route);
  const Error upstream = upstream_error(Code::peer_closed);
  EXPECT_FALSE(is_notable(test.exchange, {.status = 200}, 1s));
  EXPECT_FALSE(is_notable(test.exchange, {.status = 404, .error = &client}, 1s));
  EXPECT_TRUE(is_notable(test.exchange, {.status = 503}, 1s));
  EXPECT_TRUE(is_notable(test.exchange, {.status = 200, .error = &upstream}, 1s));
  test.exchange.timings.finished = test.exchange.timings.head_started + 2s;
  EXPECT_TRUE(is_notable(test.exchange, {.status = 200}, 1s));
  EXPECT_FALSE(is_notable(test.exchange, {.status = 101}, 1s)) << "a tunnel is long by nature";
}

}  // namespace
}  // namespace weir
