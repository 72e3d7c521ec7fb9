// Shows: places are never more than the limit, nobody who waits is forgotten, and whoever leaves takes nothing along.
// How: several cores in virtual time, requests that take, hold and give up places.
#include "overload/bulkhead_use.h"

#include <gtest/gtest.h>

#include <deque>

#include "contracts/testing/test_exchange.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ExchangeOn final : private ExchangeHost {
 public:
  ExchangeOn(Shard& shard, Priority priority, std::string_view route)
      : exchange(shard, connection_,
                 SnapshotPin(*new ShardSnapshot(std::make_shared<Snapshot>(), [](std::shared_ptr<const Snapshot>) {})),
                 *this) {
    exchange.record({.room = priority_room, .verdict = name_of(priority), .subject = {}, .reason = {}, .place = {}});
    exchange.route_name = route;
  }
  ConnectionFacts connection_;
  Exchange exchange;

 private:
  Task<Result<void>> interim(const ResponseHead&) override { co_return Result<void>{}; }
  void limit_time(Time) override {}
};

/// One core of several, all on one virtual clock.
struct TestCore {
  TestCore(SimNetwork& network, unsigned number)
      : io(network), shard(number, io, number + 1, executor, resolver), scope(shard.reactor) {}
  SimIo io;
  InlineExecutor executor;
  LiteralResolver resolver;
  Shard shard;
  Scope scope;
};

struct Asked {
  bool over = false;
  bool refused = false;
  std::string last_reason;
};

class BulkheadTest : public testing::Test {
 protected:
  static constexpr unsigned cores = 3;

  BulkheadTest() {
    for (unsigned number = 0; number < cores; ++number) {
      all.push_back(std::make_unique<TestCore>(network, number));
      world.add(all.back()->shard.reactor);
    }
  }
  /// Nobody waits any more: what a test has in its own frame is about to go.
  void drain() {
    for (const auto& core : all) core->scope.cancel(gateway_error(Code::draining));
    world.run_until(
        [&] { return std::ranges::all_of(all, [](const auto& core) { return core->scope.running() == 0; }); });
  }

  static BulkheadRule fixed(std::uint32_t limit, std::uint32_t queue = 100) {
    return {.bounds = {.minimum = limit, .maximum = limit, .initial = limit}, .queue = queue};
  }

  Task<void> request(const BulkheadUse& use, Shard& shard, Duration takes, Asked& asked, Priority priority,
                     std::string_view route) {
    ExchangeOn on(shard, priority, route);
    const Result<Bulkhead::Permit*> permit = co_await use.enter(on.exchange);
    for (const DecisionRecord* record = on.exchange.first_record(); record != nullptr; record = record->next)
      asked.last_reason = record->reason;
    if (permit) {
      most = std::max(most, use.bulkhead().in_flight());
      (void)co_await Sleep(shard.reactor, takes);
      (*permit)->answered(Answer(on.exchange.arena));
      order += route;
    } else {
      asked.refused = true;
    }
    asked.over = true;
    on.exchange.finish({});
  }
  Asked& ask(const BulkheadUse& use, unsigned core, Duration takes, Priority priority = Priority::normal,
             std::string_view route = "r") {
    Asked& asked = asks.emplace_back();
    all[core]->scope.spawn(request(use, all[core]->shard, takes, asked, priority, route));
    world.settle();
    return asked;
  }

  SimNetwork network{1};
  SimWorld world{network};
  std::vector<std::unique_ptr<TestCore>> all;
  std::shared_ptr<Bulkhead> bulkhead = std::make_shared<Bulkhead>("test", cores);
  std::deque<Asked> asks;
  std::uint32_t most = 0;
  std::string order;
};

TEST_F(BulkheadTest, whoever_finds_no_place_waits_for_the_next_one_wherever_it_is_given_back) {
  const BulkheadUse use(bulkhead, fixed(1), {});
  ask(use, 0, milliseconds{10});
  const Asked& waiting = ask(use, 1, milliseconds{10});
  EXPECT_EQ(bulkhead->waiting(), 1U);
  world.run_for(milliseconds{15});
  EXPECT_EQ(bulkhead->in_flight(), 1U);
  EXPECT_EQ(waiting.last_reason, "its_turn");
  world.run_for(milliseconds{10});
  EXPECT_TRUE(waiting.over);
  EXPECT_EQ(bulkhead->in_flight(), 0U);
  drain();
}

TEST_F(BulkheadTest, a_full_line_refuses_and_patience_ends) {
  BulkheadRule rule = fixed(1, 1);
  rule.wait = milliseconds{50};
  const BulkheadUse use(bulkhead, rule, {});
  ask(use, 0, seconds{1});
  const Asked& waiting = ask(use, 0, {});
  EXPECT_EQ(ask(use, 1, {}).last_reason, "line_full");
  world.run_for(milliseconds{60});
  EXPECT_TRUE(waiting.refused);
  EXPECT_EQ(waiting.last_reason, "waited_too_long");
  EXPECT_EQ(bulkhead->waiting(), 0U);
  drain();
}

TEST_F(BulkheadTest, in_a_standing_line_nobody_waits_long_and_the_newest_goes_first) {
  BulkheadRule rule = fixed(1);
  rule.target = milliseconds{30};
  const BulkheadUse use(bulkhead, rule, {});
  ask(use, 0, milliseconds{150}, Priority::normal, "0");
  const Asked& first = ask(use, 0, {}, Priority::normal, "a");
  world.run_for(milliseconds{125});
  EXPECT_TRUE(first.refused) << "the line has stood for 100 ms, longer than 30";
  EXPECT_EQ(first.last_reason, "standing_line");
  const Asked& older = ask(use, 0, {}, Priority::normal, "b");
  world.run_for(milliseconds{5});
  const Asked& newest = ask(use, 0, milliseconds{8}, Priority::normal, "b");
  world.run_for(milliseconds{22});
  EXPECT_EQ(order, "0");
  EXPECT_FALSE(older.over);
  EXPECT_EQ(newest.last_reason, "its_turn") << "it went before the one that came before it";
  drain();
}

TEST_F(BulkheadTest, a_higher_class_goes_first_on_whichever_core_and_takes_the_room_of_a_lower_one) {
  const BulkheadUse use(bulkhead, fixed(1, 2), {});
  ask(use, 0, milliseconds{10}, Priority::normal, "0");
  ask(use, 0, milliseconds{10}, Priority::normal, "n");
  const Asked& low = ask(use, 1, milliseconds{10}, Priority::low, "l");
  ask(use, 1, milliseconds{10}, Priority::critical, "C");
  EXPECT_EQ(low.last_reason, "a_higher_class_came");
  world.run_for(milliseconds{50});
  EXPECT_EQ(order, "0Cn");
  drain();
}

TEST_F(BulkheadTest, a_reload_that_raises_the_limit_lets_those_who_wait_go_with_the_next_request) {
  const BulkheadUse before(bulkhead, fixed(1), {});
  ask(before, 0, seconds{10});
  const Asked& waiting = ask(before, 0, {});
  const BulkheadUse after(bulkhead, fixed(3), {});
  ask(after, 0, {});
  world.run_for(milliseconds{1});
  EXPECT_TRUE(waiting.over);
  EXPECT_FALSE(waiting.refused);
  EXPECT_EQ(ask(before, 0, {}).last_reason, "place_free") << "the newer configuration rules";
  drain();
}

TEST_F(BulkheadTest, whoever_gives_up_waiting_leaves_nothing_behind) {
  const BulkheadUse use(bulkhead, fixed(1), {});
  ask(use, 0, seconds{1});
  for (unsigned count = 0; count < 3; ++count) ask(use, 1, {});
  all[1]->scope.cancel(client_error(Code::peer_closed));
  world.settle();
  EXPECT_EQ(bulkhead->waiting(), 0U);
  world.run_for(seconds{2});
  EXPECT_EQ(bulkhead->in_flight(), 0U);
  drain();
}

// Whoever comes, from whichever core, for however long, and perhaps gives up: the limit holds in every instant, and in
// the end everybody has been answered and every place is free.
TEST_F(BulkheadTest, property_never_above_the_limit_and_nobody_is_lost) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const auto limit = 1 + static_cast<std::uint32_t>(random.below(4));
    auto drawn = std::make_shared<Bulkhead>("drawn", cores);
    BulkheadRule rule = fixed(limit, static_cast<std::uint32_t>(random.below(12)));
    rule.wait = milliseconds{1 + random.below(200)};
    const auto use = std::make_unique<BulkheadUse>(drawn, rule, Place{});
    most = 0;
    const std::size_t first = asks.size();
    std::deque<Scope> leaving;
    for (unsigned step = 0; step < 150; ++step) {
      if (random.chance(0.5)) world.run_for(milliseconds{random.below(6)});
      const auto core = static_cast<unsigned>(random.below(cores));
      const auto priority = static_cast<Priority>(random.below(priorities));
      const Duration takes = milliseconds{random.below(30)};
      static constexpr std::array<std::string_view, 3> routes{"a", "b", "c"};
      Asked& asked = asks.emplace_back();
      Scope& scope = leaving.emplace_back(all[core]->shard.reactor);
      scope.spawn(request(*use, all[core]->shard, takes, asked, priority, routes[random.below(3)]));
      if (random.chance(0.2)) leaving[random.below(leaving.size())].cancel(client_error(Code::peer_closed));
      ASSERT_LE(drawn->in_flight(), limit) << "seed " << seed;
    }
    world.run_for(seconds{5});
    for (std::size_t at = first; at < asks.size(); ++at) ASSERT_TRUE(asks[at].over) << "seed " << seed;
    ASSERT_LE(most, limit) << "seed " << seed;
    ASSERT_EQ(drawn->in_flight(), 0U) << "seed " << seed;
    ASSERT_EQ(drawn->waiting(), 0U) << "seed " << seed;
  }
  drain();
}

}  // namespace
}  // namespace weir
