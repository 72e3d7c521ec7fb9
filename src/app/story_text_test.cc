// How a story reads: one timeline for a person, one line among many, one object for a program.
#include "app/story_text.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_exchange.h"
#include "observers/stories/story_ring.h"
#include "route/recorded_route.h"
#include "upstream/recorded_pick.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class StoryText : public testing::Test {
 protected:
  StoryText() {
    gateway->hash = "0123456789abcdef0123456789abcdef";
    test.emplace(shard, gateway);
    test->request("GET", "/cart/7?token=x", "shop.test").client("10.0.0.1");
    Exchange& exchange = test->exchange;
    test->connection.listener_name = "web";
    exchange.request_id = "7d8059fc038e2d1c";
    exchange.route_name = "cart";
    exchange.filters = "access rewrite";
    exchange.steps_entered = 3;
    exchange.upstream_name = "shop";
    exchange.upstream_endpoint = "10.0.0.2:3000";
    exchange.attempts = 1;
    const Time start = shard.shard().reactor.now();
    exchange.timings = {.head_started = start,
                        .head_read = start,
                        .upstream_leased = start + 3ms,
                        .upstream_sent = start + 3ms,
                        .upstream_head = start + 40ms,
                        .response_head = start + 40ms,
                        .last_byte = start + 41ms,
                        .finished = start + 41ms};
    test->connection.accepted = start;
    const RouteFacts facts{.host = "shop.test", .path = "/cart/7"};
    exchange.record({.room = "route",
                     .verdict = "matched",
                     .subject = "cart",
                     .reason = "matched",
                     .place = {intern_file_name("shop.yaml"), 14, 3},
                     .facts = pack(facts, {}, exchange.arena)});
    exchange.record({.room = "access", .verdict = "allowed", .subject = {}, .reason = "in_allow_list", .place = {}});
  }

  Story story(const Delivery& delivery) {
    bytes.resize(story_bytes_max);
    bytes.resize(write_story(bytes.data(), test->exchange, delivery, WallTime{1'795'190'400'123ms}));
    return read_story(bytes);
  }

  TestShard shard;
  std::shared_ptr<Gateway> gateway = std::make_shared<Gateway>();
  std::optional<TestExchange> test;
  std::string bytes;
};

TEST_F(StoryText, page_is_one_timeline) {
  const Story told = story({.status = 200, .complete = true, .response_body_bytes = 5});
  EXPECT_EQ(story_text(told, today(*gateway, told)),
            "GET shop.test/cart/7?token=REDACTED: 200 OK, 41.0 ms\n"
            "  request id    7d8059fc038e2d1c\n"
            "  ended         2026-11-20 16:00:00.123 UTC\n"
            "  client        10.0.0.1 port 0\n"
            "  listener      web, connected 0.0 ms before\n"
            "  route         cart\n"
            "  filters       access, rewrite\n"
            "  upstream      shop, 10.0.0.2:3000, 1 attempt\n"
            "  body bytes    0 in, 5 out\n"
            "  configuration 0123456789ab, which still runs\n"
            "\n"
            "        +0.000 ms  request     its head was read\n"
            "        +0.000 ms  route       matched cart (shop.yaml:14)\n"
            "        +0.000 ms  access      allowed: in_allow_list\n"
            "        +3.000 ms  upstream    a connection was there\n"
            "        +3.000 ms  upstream    the request was sent\n"
            "       +40.000 ms  upstream    the head of its answer came\n"
            "       +40.000 ms  answer      ready to be sent\n"
            "       +41.000 ms  answer      its last byte was sent\n"
            "       +41.000 ms  end         complete\n");
}

TEST_F(StoryText, report_that_decided_is_told_with_its_age) {
  test->exchange.record({.room = "report", .verdict = "heard", .subject = "10.0.0.2:3000", .reason = {}, .place = {}},
                        HeardReport{.load = 3, .latency_us = 8500, .age = 12ms});
  const Story told = story({.status = 200, .complete = true});
  const std::string text = story_text(told, today(*gateway, told));
  EXPECT_NE(text.find("report      heard 10.0.0.2:3000: 3 in flight, 8.5 ms, 12.0 ms ago\n"), std::string::npos)
      << text;
  const std::string json = story_json(told, nullptr);
  EXPECT_NE(json.find(R"("in_flight":3,"latency_s":0.008500,"age_s":0.012000)"), std::string::npos) << json;
}

TEST_F(StoryText, error_says_what_it_was_and_whose_doing) {
  const Error error = upstream_error(Code::peer_reset, "while it answered");
  const Story told = story({.status = 502, .complete = true, .error = &error});
  const std::string text = story_text(told, {});
  EXPECT_NE(text.find("peer_reset, the upstream's doing: the peer reset the connection (while it answered)"),
            std::string::npos)
      << text;
}

TEST_F(StoryText, filter_that_answered_leaves_the_others_unreached) {
  test->exchange.steps_entered = 1;
  test->exchange.upstream_name = {};
  const std::string text = story_text(story({.status = 403}), {});
  EXPECT_NE(text.find("access; not reached: rewrite"), std::string::npos) << text;
  EXPECT_NE(text.find("service       not reached"), std::string::npos) << text;
}

TEST_F(StoryText, today_decides_the_recorded_facts_again) {
  const Story told = story({.status = 200});
  const auto other = std::make_shared<Gateway>();
  other->hash = "fedcba9876543210fedcba9876543210";
  const StoryToday nowhere = today(*other, told);
  EXPECT_TRUE(nowhere.decided);
  EXPECT_NE(story_text(told, nowhere).find("no route would take it"), std::string::npos);

  const MatchRule match{.path = PathPattern::parse("/cart/*").value()};
  const RouteRule rule{.matches = {&match, 1}};
  other->router = Router(std::span<const RouteRule>(&rule, 1));
  auto route = std::make_shared<Route>();
  route->name = "basket";
  route->place = {intern_file_name("new.yaml"), 3, 1};
  other->routes.push_back(route);
  const std::string text = story_text(told, today(*other, told));
  EXPECT_NE(text.find("0123456789ab; now fedcba987654 runs"), std::string::npos) << text;
  EXPECT_NE(text.find("today         basket (new.yaml:3) would take it"), std::string::npos) << text;
}

TEST_F(StoryText, line_has_what_an_eye_looks_for_and_nothing_a_terminal_obeys) {
  const Error error = upstream_error(Code::connect_refused);
  EXPECT_EQ(story_line(story({.status = 502, .error = &error})),
            "16:00:00.123  502    41.0 ms  GET shop.test/cart/7?token=REDACTED  cart > shop 10.0.0.2:3000  "
            "connect_refused  7d8059fc038e2d1c\n");
  test->exchange.request.target = "/\x1b[2J\n";
  EXPECT_NE(story_line(story({})).find("GET shop.test/\\x1b[2J\\x0a  cart"), std::string::npos);
}

TEST_F(StoryText, json_has_all_of_it_and_no_secret) {
  const Story told = story({.status = 200, .complete = true});
  const StoryToday now = today(*gateway, told);
  const std::string json = story_json(told, &now);
  EXPECT_NE(json.find("\"target\":\"/cart/7?token=REDACTED\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"filters\":[{\"name\":\"access\",\"ran\":true},{\"name\":\"rewrite\",\"ran\":true}]"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find("{\"at_s\":0.000000,\"room\":\"route\",\"verdict\":\"matched\",\"subject\":\"cart\","
                      "\"reason\":\"matched\",\"file\":\"shop.yaml\",\"line\":14}"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find("\"upstream_head_s\":0.040000"), std::string::npos) << json;
}

}  // namespace
}  // namespace weir
