// The pool in simulated time, with sessions that are made up: who gets which connection, and when one goes.
#include "upstream/pool.h"

#include "upstream/upstream_test_support.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using upstream_test::address_of;
using upstream_test::Client;
using upstream_test::FakeSession;

class PoolTest : public upstream_test::UpstreamTest {
 protected:
  ~PoolTest() override {
    if (pool_) pool_->stop();
  }
  /// One whose requests say whose they are.
  Pool& introduced_pool(ConnectionLimits limits = {}) {
    pool_ = std::make_unique<Pool>(shard, address_of("10.0.0.1:80"), 1,
                                   Pool::Settings{.protocol = &protocol, .limits = limits, .introducing = &protocol});
    return *pool_;
  }
  std::unique_ptr<Client> asking_as(Pool& pool, std::string who) { return asking(pool, false, 1s, std::move(who)); }
  Pool& pool(ConnectionLimits limits = {}) {
    pool_ = std::make_unique<Pool>(shard, address_of("10.0.0.1:80"), 1,
                                   Pool::Settings{.protocol = &protocol, .limits = limits});
    return *pool_;
  }
  [[nodiscard]] unsigned alive() const { return script.alive; }

  std::unique_ptr<Pool> pool_;
};

TEST(PoolDecision, table) {
  const auto action = [](const PoolFacts& facts) { return decide(facts).action; };
  EXPECT_EQ(action({.idle = 1, .open = 1, .open_max = 1}), PoolAction::reuse);
  EXPECT_EQ(action({.idle = 0, .open = 1, .open_max = 2}), PoolAction::open);
  EXPECT_EQ(action({.idle = 1, .open = 1, .open_max = 2, .fresh_only = true}), PoolAction::open);
  EXPECT_EQ(action({.idle = 1, .open = 2, .open_max = 2, .fresh_only = true}), PoolAction::replace);
  EXPECT_EQ(action({.open = 2, .open_max = 2, .waiting = 0, .waiting_max = 1}), PoolAction::wait);
  EXPECT_EQ(action({.open = 2, .open_max = 2, .waiting = 1, .waiting_max = 1}), PoolAction::refuse);
  EXPECT_EQ(action({.open = 1, .open_max = 2, .idle_of_others = 1}), PoolAction::open);
  EXPECT_EQ(action({.open = 2, .open_max = 2, .waiting_max = 1, .idle_of_others = 1}), PoolAction::replace);
  EXPECT_EQ(action({.idle = 1, .open = 2, .open_max = 2, .idle_of_others = 1}), PoolAction::reuse);
  EXPECT_EQ(decide({.open = 1, .open_max = 1}).code, Code::queue_full);
  EXPECT_EQ(decide({.idle = 1, .open = 1, .open_max = 1, .closed = PoolClosed::removed}).code, Code::no_endpoint);
}

TEST_F(PoolTest, reuses_the_connection_that_came_back_last) {
  Pool& connections = pool();
  auto a = asking(connections);
  auto b = asking(connections);
  a->finish();
  b->finish();
  auto c = asking(connections);
  EXPECT_EQ(c->number(), 2U);
  EXPECT_EQ(script.connects, 2U);
  EXPECT_EQ(shard.metrics.upstream_reuses.get(), 1U);
}

TEST_F(PoolTest, hands_freed_connection_to_oldest_waiter) {
  Pool& connections = pool({.max = 1});
  auto holder = asking(connections);
  auto first = asking(connections);
  auto second = asking(connections);
  EXPECT_EQ(connections.waiting(), 2U);
  holder->finish();
  world.settle();
  EXPECT_TRUE(first->answered);
  EXPECT_FALSE(second->answered);
  first->finish();
  world.settle();
  EXPECT_EQ(second->number(), 1U);
  EXPECT_EQ(script.connects, 1U);
}

TEST_F(PoolTest, canceled_waiter_leaves_the_line) {
  Pool& connections = pool({.max = 1});
  auto holder = asking(connections);
  auto first = asking(connections);
  auto second = asking(connections);
  first->scope.cancel(client_error(Code::canceled));
  world.settle();
  EXPECT_EQ(first->lease.error().code, Code::canceled);
  EXPECT_EQ(connections.waiting(), 1U);
  EXPECT_EQ(shard.metrics.upstream_queued.get(), 1U);
  holder->finish();
  world.settle();
  EXPECT_TRUE(second->lease.has_value());
}

TEST_F(PoolTest, waiter_goes_when_its_time_is_over) {
  Pool& connections = pool({.max = 1});
  auto holder = asking(connections);
  auto waiter = asking(connections, false, 100ms);
  world.run_for(99ms);
  EXPECT_FALSE(waiter->answered);
  world.run_for(3ms);
  ASSERT_TRUE(waiter->answered);
  EXPECT_EQ(waiter->lease.error().code, Code::queue_timeout);
  holder->finish();
  EXPECT_EQ(connections.idle(), 1U);
}

TEST_F(PoolTest, full_line_refuses_at_once) {
  Pool& connections = pool({.max = 1, .queue = 1});
  auto holder = asking(connections);
  auto waiter = asking(connections);
  auto refused = asking(connections);
  ASSERT_TRUE(refused->answered);
  EXPECT_EQ(refused->lease.error().code, Code::queue_full);
  EXPECT_EQ(refused->lease.error().retry, Retry::unsent);  // another endpoint may have room
  holder->finish();
  world.settle();
  EXPECT_TRUE(waiter->lease.has_value());
}

TEST_F(PoolTest, idle_connection_ages_out_and_used_one_does_not) {
  Pool& connections = pool({.idle_timeout = 10s});
  auto a = asking(connections);
  auto b = asking(connections);
  a->finish();
  world.run_for(5s);
  b->finish();
  world.run_for(6s);
  EXPECT_EQ(connections.idle(), 1U);
  EXPECT_EQ(alive(), 1U);
  world.run_for(5s);
  EXPECT_EQ(alive(), 0U);
  EXPECT_EQ(shard.metrics.upstream_connections_open.get(), 0U);
}

TEST_F(PoolTest, anything_heard_from_an_idle_connection_removes_it) {
  Pool& connections = pool();
  auto a = asking(connections);
  auto& session = a->session();
  a->finish();
  session.hear_something(false);
  EXPECT_EQ(connections.idle(), 0U);
  EXPECT_EQ(alive(), 1U);  // not destroyed inside its own call
  world.run_for(5ms);
  EXPECT_EQ(alive(), 0U);
  auto b = asking(connections);
  EXPECT_EQ(b->number(), 2U);
}

TEST_F(PoolTest, what_a_leased_connection_hears_is_its_own_business) {
  Pool& connections = pool();
  auto a = asking(connections);
  a->session().hear_something(false);
  world.run_for(5ms);
  EXPECT_EQ(alive(), 1U);
  EXPECT_EQ(connections.open(), 1U);
}

TEST_F(PoolTest, idle_connection_that_is_not_usable_is_passed_over) {
  Pool& connections = pool();
  auto a = asking(connections);
  auto b = asking(connections);
  auto& stale = b->session();
  a->finish();
  b->finish();
  stale.become_unusable();
  auto c = asking(connections);
  EXPECT_EQ(c->number(), 1U);
  world.run_for(5ms);
  EXPECT_EQ(alive(), 1U);
}

TEST_F(PoolTest, unhealthy_connection_is_never_reused) {
  Pool& connections = pool({.max = 1});
  auto a = asking(connections);
  auto waiter = asking(connections);
  a->finish(false);
  world.settle();
  ASSERT_TRUE(waiter->answered);
  EXPECT_EQ(waiter->number(), 2U);
  world.run_for(5ms);
  EXPECT_EQ(alive(), 1U);
}

TEST_F(PoolTest, connection_beyond_idle_max_closes) {
  Pool& connections = pool({.idle_max = 1});
  auto a = asking(connections);
  auto b = asking(connections);
  a->finish();
  b->finish();
  world.run_for(5ms);
  EXPECT_EQ(connections.idle(), 1U);
  EXPECT_EQ(alive(), 1U);
}

TEST_F(PoolTest, fresh_connection_passes_idle_ones_over) {
  Pool& connections = pool();
  auto a = asking(connections);
  a->finish();
  auto b = asking(connections, true);
  EXPECT_EQ(b->number(), 2U);
  EXPECT_EQ(connections.idle(), 1U);
}

TEST_F(PoolTest, fresh_connection_at_the_maximum_replaces_the_oldest_idle) {
  Pool& connections = pool({.max = 2});
  auto a = asking(connections);
  auto b = asking(connections);
  a->finish();
  b->finish();
  auto c = asking(connections, true);
  EXPECT_EQ(c->number(), 3U);
  auto d = asking(connections);
  EXPECT_EQ(d->number(), 2U);
  EXPECT_EQ(connections.open(), 2U);
}

TEST_F(PoolTest, failed_connect_tells_its_waiter_and_serves_the_line) {
  script.connect_takes = 10ms;
  script.connect_fails["10.0.0.1:80"] = upstream_error(Code::connect_refused).with(Retry::unsent);
  Pool& connections = pool({.max = 1});
  auto first = asking(connections);
  auto second = asking(connections);
  world.run_for(12ms);
  ASSERT_TRUE(first->answered);
  EXPECT_EQ(first->lease.error().code, Code::connect_refused);
  EXPECT_FALSE(second->answered);  // opens its own now
  script.connect_fails.clear();
  world.run_for(12ms);
  ASSERT_TRUE(second->answered);
  EXPECT_EQ(second->number(), 2U);
  EXPECT_EQ(shard.metrics.upstream_connect_failures.get(), 1U);
}

TEST_F(PoolTest, long_line_in_front_of_a_dead_endpoint_ends) {
  // Connects that fail on the spot must not recurse through the line.
  script.connect_takes = 1ms;
  Pool& connections = pool({.max = 1, .queue = 2000});
  auto holder = asking(connections);
  world.run_for(3ms);
  std::vector<std::unique_ptr<Client>> line;
  for (unsigned count = 0; count < 2000; ++count) line.push_back(asking(connections, false, 1h));
  script.connect_takes = Duration::zero();
  script.connect_fails["10.0.0.1:80"] = upstream_error(Code::connect_refused).with(Retry::unsent);
  holder->finish(false);
  world.settle();
  for (const auto& waiter : line) EXPECT_EQ(waiter->lease.error().code, Code::connect_refused);
  EXPECT_EQ(connections.open(), 0U);
}

TEST_F(PoolTest, connection_whose_waiter_gave_up_serves_the_next) {
  script.connect_takes = 10ms;
  Pool& connections = pool({.max = 1});
  auto first = asking(connections);
  auto second = asking(connections);
  first->scope.cancel(client_error(Code::canceled));
  world.settle();
  EXPECT_EQ(first->lease.error().code, Code::canceled);
  world.run_for(12ms);
  ASSERT_TRUE(second->answered);
  EXPECT_EQ(second->number(), 1U);
}

TEST_F(PoolTest, drained_pool_closes_idle_and_lets_busy_ones_finish) {
  Pool& connections = pool({.max = 2});
  auto a = asking(connections);
  auto b = asking(connections);
  auto waiter = asking(connections);
  a->lease->mark_healthy();
  connections.drain();
  world.run_for(5ms);
  EXPECT_EQ(waiter->lease.error().code, Code::no_endpoint);
  EXPECT_EQ(waiter->lease.error().retry, Retry::unsent);
  EXPECT_EQ(alive(), 2U);
  a->finish();
  b->finish();
  EXPECT_FALSE(connections.finished());
  world.run_for(5ms);
  EXPECT_EQ(alive(), 0U);
  EXPECT_TRUE(connections.finished());
}

TEST_F(PoolTest, higher_maximum_serves_the_line) {
  Pool& connections = pool({.max = 1});
  auto a = asking(connections);
  auto waiter = asking(connections);
  connections.configure({.protocol = &protocol, .limits = {.max = 2}});
  world.settle();
  EXPECT_TRUE(waiter->lease.has_value());
}

TEST_F(PoolTest, introduced_connection_serves_only_whom_it_introduced) {
  Pool& connections = introduced_pool();
  auto ann = asking_as(connections, "ann");
  ann->finish();
  auto bob = asking_as(connections, "bob");
  EXPECT_EQ(bob->number(), 2U);
  auto ann_again = asking_as(connections, "ann");
  EXPECT_EQ(ann_again->number(), 1U);
  auto nobody = asking_as(connections, "");
  EXPECT_EQ(nobody->number(), 3U);
  EXPECT_EQ(script.introductions, (std::vector<std::string>{"ann", "bob", ""}));
}

TEST_F(PoolTest, idle_connection_of_another_makes_room_at_the_maximum) {
  Pool& connections = introduced_pool({.max = 2});
  auto ann = asking_as(connections, "ann");
  auto bob = asking_as(connections, "bob");
  ann->finish();
  bob->finish();
  auto eve = asking_as(connections, "eve");
  EXPECT_EQ(eve->number(), 3U);
  world.run_for(5ms);
  EXPECT_EQ(alive(), 2U);
  auto bob_again = asking_as(connections, "bob");  // ann's was idle for longer, and had to go
  EXPECT_EQ(bob_again->number(), 2U);
}

TEST_F(PoolTest, freed_connection_is_closed_for_a_waiter_it_did_not_introduce) {
  Pool& connections = introduced_pool({.max = 1});
  auto ann = asking_as(connections, "ann");
  auto bob = asking_as(connections, "bob");
  auto ann_again = asking_as(connections, "ann");
  ann->finish();
  world.settle();
  ASSERT_TRUE(bob->answered);
  EXPECT_EQ(bob->number(), 2U);
  EXPECT_FALSE(ann_again->answered);  // its turn comes, though the connection that went was its own
  bob->finish();
  world.settle();
  EXPECT_EQ(ann_again->number(), 3U);
  EXPECT_EQ(script.introductions, (std::vector<std::string>{"ann", "bob", "ann"}));
}

TEST_F(PoolTest, newest_introduced_connection_is_kept_when_no_more_may_be) {
  Pool& connections = introduced_pool({.idle_max = 1});
  auto ann = asking_as(connections, "ann");
  auto bob = asking_as(connections, "bob");
  ann->finish();
  bob->finish();
  EXPECT_EQ(connections.idle(), 1U);
  auto bob_again = asking_as(connections, "bob");
  EXPECT_EQ(bob_again->number(), 2U);
}

TEST_F(PoolTest, introduced_connection_that_is_not_usable_is_passed_over) {
  Pool& connections = introduced_pool();
  auto ann = asking_as(connections, "ann");
  auto bob = asking_as(connections, "bob");
  FakeSession& session = ann->session();
  ann->finish();
  bob->finish();
  session.become_unusable();  // not the newest
  auto ann_again = asking_as(connections, "ann");
  EXPECT_EQ(ann_again->number(), 3U);
}

TEST_F(PoolTest, reload_that_changes_introductions_keeps_no_connection) {
  Pool& connections = introduced_pool();
  auto ann = asking_as(connections, "ann");
  auto bob = asking_as(connections, "bob");
  ann->finish();
  connections.configure({.protocol = &protocol, .limits = {}});
  EXPECT_EQ(connections.idle(), 0U);
  bob->finish();  // began before
  EXPECT_EQ(connections.idle(), 0U);
  auto anybody = asking(connections);
  EXPECT_EQ(anybody->number(), 3U);
}

TEST_F(PoolTest, stop_sends_waiters_away_and_closes_idle) {
  Pool& connections = pool({.max = 1});
  auto a = asking(connections);
  auto waiter = asking(connections);
  connections.stop();
  world.settle();
  EXPECT_EQ(waiter->lease.error().code, Code::draining);
  auto late = asking(connections);
  EXPECT_FALSE(late->lease.has_value());
  a->finish();
}

}  // namespace
}  // namespace weir
