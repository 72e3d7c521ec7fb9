// Shows: a bulkhead as requests meet it: what a refusal says, and what its options may be. How: requests through the
// filter; lines, classes and cores are in overload/bulkhead_test, what it is good for in overload/overload_test.
#include "filters/concurrency/concurrency.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"
#include "server/error_reply.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

class SlowService final : public Service {
 public:
  Reply handle(Exchange& exchange) const override {
    CO_TRY_VOID(co_await Sleep(exchange.shard.reactor, milliseconds{50}));
    co_return Answer(exchange.arena);
  }
  Effect rehearse(ImaginedRequest&) const override { return {}; }
};

Task<void> hold(const Filter& filter, TestExchange& test, const Service& service) {
  const Result<Answer> answer = co_await filter.handle(test.exchange, TestExchange::next(service));
  EXPECT_TRUE(answer);
}

TEST(Concurrency, conforms) {
  expect_conformance(concurrency_filter(), "20");
  expect_conformance(concurrency_filter(), "{ limit: adaptive, maximum: 100 }");
}

TEST(Concurrency, a_refusal_says_by_whom_why_and_when_to_come_back) {
  const auto built = build_plugin(concurrency_filter(), "{ limit: 1, queue: 0, name: shop, retry_after: 3s }");
  ASSERT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  const SlowService service;
  TestExchange first(shard);
  Scope scope(shard.shard().reactor);
  scope.spawn(hold(*built.plugin, first, service));
  TestExchange second(shard);
  second.field("accept", "application/json");
  const auto answer = shard.run_to_end(built.plugin->handle(second.exchange, TestExchange::next(service)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(second.last_record()->room, "concurrency");
  EXPECT_EQ(second.last_record()->reason, "all_places_taken");
  const Answer shown = error_reply(second.exchange, answer.error());
  EXPECT_EQ(shown.head.status, 503);
  EXPECT_EQ(shown.head.fields.get(FieldName::retry_after), "3");
  EXPECT_EQ(shown.head.fields.get(FieldName::proxy_status),
            "weir; error=http_request_denied; details=\"gateway:too_many_in_flight\"");
  const std::string_view body = shard.run_to_end(shown.body->read())->bytes;
  EXPECT_TRUE(body.contains("\"refused-by\":\"concurrency\",\"name\":\"shop\",\"because\":\"all_places_taken\""))
      << body;
  shard.world().run_until([&] { return scope.running() == 0; });
}

TEST(Concurrency, complains_about_what_makes_no_sense) {
  const auto complaints = [](std::string_view options) { return complaints_about(concurrency_filter(), options); };
  EXPECT_TRUE(complaints("0").contains("lets nothing through"));
  EXPECT_TRUE(complaints("{ limit: 5, maximum: 9 }").contains("no meaning beside a fixed limit"));
  EXPECT_TRUE(complaints("{ minimum: 50, maximum: 9 }").contains("minimum 50 is more than maximum 9"));
  EXPECT_TRUE(complaints("{ target: 2s, wait: 1s }").contains("target is longer than wait"));
  EXPECT_TRUE(complaints("{ target: none }").contains("too short"));
}

}  // namespace
}  // namespace weir
