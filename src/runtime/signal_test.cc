// One waits, another raises: on a shard in virtual time.
#include "runtime/signal.h"

#include <gtest/gtest.h>

#include "runtime/scope.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class SignalTest : public testing::Test {
 protected:
  SignalTest() { world.add(reactor); }

  Task<void> wait_for(Signal& signal, Duration patience) {
    outcome = co_await signal.wait(patience);
    waited = reactor.now();
  }
  Task<void> raise_after(Signal& signal, Duration pause) {
    if (co_await Sleep(reactor, pause)) signal.raise();
  }

  SimNetwork network{1};
  SimIo io{network};
  Reactor reactor{io, 1};
  SimWorld world{network};
  Result<void> outcome;
  Time waited{};
};

TEST_F(SignalTest, wakes_who_waits) {
  const Time began = reactor.now();
  Signal signal(reactor);
  Scope scope(reactor);
  scope.spawn(wait_for(signal, no_limit));
  EXPECT_TRUE(signal.awaited());
  scope.spawn(raise_after(signal, 5ms));
  world.run_until([&] { return scope.running() == 0; });
  EXPECT_TRUE(outcome);
  EXPECT_GE(waited - began, 5ms);
  EXPECT_FALSE(signal.awaited());
}

TEST_F(SignalTest, a_raise_that_nobody_waits_for_is_not_kept) {
  Signal signal(reactor);
  Scope scope(reactor);
  signal.raise();
  scope.spawn(wait_for(signal, 3ms));
  world.run_until([&] { return scope.running() == 0; });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::timed_out);
}

TEST_F(SignalTest, a_wait_is_given_up_with_its_scope) {
  Signal signal(reactor);
  Scope scope(reactor);
  scope.spawn(wait_for(signal, 1h));
  scope.cancel(client_error(Code::peer_reset));
  world.run_until([&] { return scope.running() == 0; });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::peer_reset);
  signal.raise();  // nobody is there any more
}

}  // namespace
}  // namespace weir
