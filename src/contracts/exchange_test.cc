// What an exchange writes down about itself: which steps of its chain took time, from what was decided, under which
// configuration.
#include <gtest/gtest.h>

#include <array>

#include "contracts/testing/test_exchange.h"

namespace weir {
namespace {

/// Passes on, after a while.
class Waiting final : public Filter {
 public:
  explicit Waiting(Duration duration) : duration_(duration) {}
  Reply handle(Exchange& exchange, Next next) const override {
    co_await Sleep(exchange.shard.reactor, duration_);
    co_return co_await std::move(next)(exchange);
  }
  Effect rehearse(ImaginedRequest&) const override { return {}; }

 private:
  Duration duration_;
};

class Passing final : public Filter {
 public:
  Reply handle(Exchange& exchange, Next next) const override { return std::move(next)(exchange); }
  Effect rehearse(ImaginedRequest&) const override { return {}; }
};

TEST(Exchange, filter_that_waited_is_named_with_how_long) {
  TestShard shard;
  TestExchange test(shard);
  const Waiting waiting(std::chrono::milliseconds{30});
  const Passing passing;
  const std::array<const Filter*, 3> filters{&passing, &waiting, &passing};
  test.exchange.filters = "first second third";
  const CountingService service;
  ASSERT_TRUE(shard.run_to_end(Next(filters, service)(test.exchange)));
  EXPECT_EQ(test.exchange.steps_entered, 4);
  const DecisionRecord* record = test.exchange.first_record();
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(record->room, "filter");
  EXPECT_EQ(record->subject, "second");
  const auto waited = facts_from<Duration>(record->facts);
  ASSERT_TRUE(waited);
  EXPECT_GE(*waited, std::chrono::milliseconds{30});
  EXPECT_EQ(record->next, nullptr) << "filters that take no time leave no such record";
}

TEST(Exchange, facts_are_kept_only_where_stories_are) {
  TestShard shard;
  const auto silent = std::make_shared<Snapshot>();
  silent->stories.memory_bytes = 0;
  TestExchange without(shard, silent);
  EXPECT_TRUE(without.exchange.record({.room = "a", .verdict = "b", .subject = {}, .reason = {}, .place = {}}, 7)
                  .facts.empty());
  TestExchange with(shard);
  const DecisionRecord& kept =
      with.exchange.record({.room = "a", .verdict = "b", .subject = {}, .reason = {}, .place = {}}, 7);
  EXPECT_EQ(facts_from<int>(kept.facts), 7);
  EXPECT_FALSE(facts_from<char>(kept.facts)) << "of another size: other facts";
}

TEST(Exchange, knows_its_configuration_after_letting_go_of_it) {
  TestShard shard;
  const auto snapshot = std::make_shared<Snapshot>();
  snapshot->hash = "0123456789abcdef0123456789abcdef";
  TestExchange test(shard, snapshot);
  EXPECT_EQ(test.exchange.configuration(), "0123456789ab");
  test.exchange.release_snapshot();
  EXPECT_EQ(test.exchange.configuration(), "0123456789ab");
}

}  // namespace
}  // namespace weir
