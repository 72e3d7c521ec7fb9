// What is limited beside a rate: requests in flight, quotas, bandwidth.
#include "filters/limit/limit.h"

#include <gtest/gtest.h>

#include "filters/limit/testing/limit_test.h"

namespace weir::limit {
namespace {

using std::chrono::milliseconds;

// ---- in flight ----

TEST_F(LimitTest, counts_requests_in_flight_until_they_are_over) {
  const auto filter = build("{ name: open, in_flight: 2 }");
  std::vector<std::unique_ptr<TestExchange>> open;
  const auto begin = [&] {
    open.push_back(std::make_unique<TestExchange>(shard));
    return shard.run_to_end(filter->handle(open.back()->exchange, TestExchange::next(service)));
  };
  EXPECT_TRUE(begin());
  const Result<Answer> second = begin();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->head.fields.find("ratelimit")->value, "\"open\";r=0");
  EXPECT_EQ(second->head.fields.find("ratelimit-policy")->value, "\"open\";q=2;qu=\"concurrent-requests\"");
  const Result<Answer> third = begin();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Code::too_many_in_flight);
  open.erase(open.begin());
  EXPECT_TRUE(begin());
  open.clear();
  EXPECT_EQ(admitted(*filter, 5), 5U);
}

TEST_F(LimitTest, a_place_is_given_back_although_the_configuration_has_gone) {
  auto filter = build("{ in_flight: 1 }");
  auto open = std::make_unique<TestExchange>(shard);
  ASSERT_TRUE(shard.run_to_end(filter->handle(open->exchange, TestExchange::next(service))));
  filter.reset();
  open.reset();
}

// ---- quotas and bandwidth ----

// A quota is told like any budget, until its period ends; months have no fixed length to tell.
TEST_F(LimitTest, a_quota_tells_what_is_left_of_its_period) {
  const auto filter = build("{ quota: 2/hour, key: { header: x-user } }");
  const Outcome first = ask(*filter, with("x-user", "ann"));
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(field(first, "ratelimit-policy"), "\"2/hour\";q=2;w=3600");
  EXPECT_TRUE(first.ratelimit.starts_with("\"2/hour\";r=1;t=")) << first.ratelimit;
  EXPECT_EQ(admitted(*filter, 5, with("x-user", "ann")), 1U);
  EXPECT_EQ(admitted(*filter, 5, with("x-user", "bob")), 2U);
  const Outcome refused = ask(*filter, with("x-user", "ann"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.record, "refused 2/hour for ann, 0 left, again in 3600 s: over_limit");
  const auto monthly = build("{ quota: 1000/month, time_zone: America/New_York, key: all }");
  EXPECT_EQ(field(ask(*monthly), "ratelimit-policy"), "\"1000/month\";q=1000");
}

TEST_F(LimitTest, a_quota_and_a_rate_hold_together) {
  const auto filter = build("{ rules: [{ rate: 1/s, burst: 3 }, { quota: 5/day }] }");
  EXPECT_EQ(admitted(*filter, 9), 3U);
  EXPECT_EQ(field(ask(*filter), "ratelimit").substr(0, 9), "\"1/s\";r=0");
}

// Content of the answer waits; the request is never refused, and says that it is paced.
TEST_F(LimitTest, bandwidth_slows_content_down) {
  const std::string content(5000, 'x');
  class Page final : public Service {
   public:
    explicit Page(std::string_view text) : text_(text) {}
    Reply handle(Exchange& exchange) const override {
      Answer answer(exchange.arena);
      answer.head.status = 200;
      answer.body = BodyPointer(exchange.arena.make<FixedBody>(text_));
      co_return answer;
    }
    Effect rehearse(ImaginedRequest&) const override { return {.text = "a page", .answers = true, .status = 200}; }

   private:
    std::string_view text_;
  };
  const Page page(content);
  const auto filter = build("{ bandwidth: { rate: 1KiB/s, burst: 1KiB }, key: connection }");
  TestExchange test(shard);
  test.client("192.0.2.7");
  Result<Answer> answer = shard.run_to_end(filter->handle(test.exchange, TestExchange::next(page)));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->head.fields.find(std::string_view("ratelimit")) != nullptr) << "nothing is counted";
  EXPECT_EQ(record_of(test), "paced 1KiB/s: content_of_the_response");
  const Time begin = shard.shard().reactor.now();
  std::size_t bytes = 0;
  while (true) {
    const Result<Piece> piece = shard.run_to_end(answer->body->read());
    ASSERT_TRUE(piece);
    bytes += piece->bytes.size();
    if (piece->end) break;
  }
  EXPECT_EQ(bytes, content.size());
  const Duration took = shard.shard().reactor.now() - begin;
  EXPECT_GE(took, milliseconds{3882}) << "(5000 - 1024) / 1024 seconds";
  EXPECT_LE(took, milliseconds{4500});
}

TEST_F(LimitTest, bandwidth_of_requests_slows_uploads_down) {
  const auto filter = build("{ bandwidth: { rate: 1KiB/s, burst: 1KiB, direction: request } }");
  TestExchange test(shard);
  test.client("192.0.2.7").content({Framing::Kind::length, 10}, {"0123456789"});
  const Body* const before = test.exchange.request_body.get();
  ASSERT_TRUE(shard.run_to_end(filter->handle(test.exchange, TestExchange::next(service))));
  EXPECT_NE(test.exchange.request_body.get(), before);
  EXPECT_EQ(record_of(test), "paced 1KiB/s of requests: content_of_the_request");
}

}  // namespace
}  // namespace weir::limit
