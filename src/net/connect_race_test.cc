// Several addresses of one server in a simulated network: who is tried when, who wins, and that nothing is left over.
#include "net/connect_race.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/random.h"
#include "runtime/scope.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

SocketAddress address(std::string_view text) {
  return *socket_address(*parse_endpoint(text));
}

TEST(Interleaved, families_take_turns_beginning_with_that_of_the_first) {
  const std::vector<SocketAddress> given{address("[2001:db8::1]:80"), address("[2001:db8::2]:80"),
                                         address("[2001:db8::3]:80"), address("192.0.2.1:80")};
  std::string order;
  for (const SocketAddress& each : interleaved(given)) order += text_of(each) + " ";
  EXPECT_EQ(order, "[2001:db8::1]:80 192.0.2.1:80 [2001:db8::2]:80 [2001:db8::3]:80 ");
  EXPECT_TRUE(interleaved({}).empty());
}

class ConnectRaceTest : public testing::Test {
 protected:
  ConnectRaceTest() { world.add(reactor); }
  /// Listens; connections wait in its queue.
  void listen(const SocketAddress& at) { listeners.push_back(io.listen(at, {}).value()); }
  ~ConnectRaceTest() override {
    winner.reset();
    for (const Handle each : listeners) io.close(each, false);
  }

  /// \returns  "connected", or what it failed with
  std::string connect(const std::vector<SocketAddress>& addresses, Duration timeout = 2s) {
    const Time began = reactor.now();
    std::optional<Result<std::unique_ptr<Stream>>> ended;
    Scope scope(reactor);
    scope.spawn(keep(connect_first(reactor, addresses, timeout, limits::connection_attempt_delay), ended));
    world.run_until([&] { return scope.running() == 0; });
    Result<std::unique_ptr<Stream>> outcome = std::move(*ended);
    took = reactor.now() - began;
    if (!outcome) return std::string(name_of(outcome.error().code));
    winner = std::move(*outcome);
    return "connected";
  }
  /// Sockets of ours that nobody has closed.
  [[nodiscard]] std::size_t open_tries() {
    world.settle();
    return network.open_handles() - listeners.size();
  }
  SimFaults& faults(const SocketAddress& at) { return network.faults_at(at); }

  static Task<void> keep(Task<Result<std::unique_ptr<Stream>>> task,
                         std::optional<Result<std::unique_ptr<Stream>>>& ended) {
    ended.emplace(co_await std::move(task));
  }

  SimNetwork network{1};
  SimIo io{network};
  Reactor reactor{io, 1};
  SimWorld world{network};
  std::vector<Handle> listeners;
  std::unique_ptr<Stream> winner;
  Duration took{};
  SocketAddress v6 = address("[2001:db8::1]:80");
  SocketAddress v4 = address("192.0.2.1:80");
};

TEST_F(ConnectRaceTest, the_first_address_is_enough_while_it_answers) {
  listen(v6);
  listen(v4);
  EXPECT_EQ(connect({v6, v4}), "connected");
  EXPECT_LT(took, 250ms);
}

TEST_F(ConnectRaceTest, an_address_that_is_silent_costs_the_delay_and_not_its_time_out) {
  listen(v6);
  listen(v4);
  faults(v6).hang_connect = 1;
  EXPECT_EQ(connect({v6, v4}), "connected");
  EXPECT_GE(took, 250ms);
  EXPECT_LT(took, 300ms);
  EXPECT_EQ(open_tries(), 1U) << "the silent try is closed";
}

TEST_F(ConnectRaceTest, an_address_that_refuses_costs_nothing) {
  listen(v4);
  EXPECT_EQ(connect({v6, v4}), "connected");
  EXPECT_LT(took, 250ms);
}

TEST_F(ConnectRaceTest, a_slow_address_may_still_win_and_the_later_try_is_given_up) {
  listen(v6);
  listen(v4);
  faults(v6).latency = 150ms;  // there and back: 300 ms
  faults(v4).hang_connect = 1;
  EXPECT_EQ(connect({v6, v4}), "connected");
  EXPECT_GE(took, 300ms);
  EXPECT_LT(took, 400ms);
  EXPECT_EQ(open_tries(), 1U);
}

TEST_F(ConnectRaceTest, when_all_fail_the_last_failure_is_told) {
  EXPECT_EQ(connect({v6, v4}), "connect_refused");
  EXPECT_EQ(open_tries(), 0U);
}

TEST_F(ConnectRaceTest, when_all_are_silent_the_time_out_is_that_of_all_together) {
  listen(v6);
  listen(v4);
  faults(v6).hang_connect = faults(v4).hang_connect = 1;
  EXPECT_EQ(connect({v6, v4}, 1s), "connect_timeout");
  EXPECT_EQ(took, 1s);
  EXPECT_EQ(open_tries(), 0U);
}

/// Any latencies and faults: an address that answers is found before the time is over, and no socket is left.
TEST_F(ConnectRaceTest, whatever_happens_nothing_is_left_over) {
  Random random(3);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<SocketAddress> all;
    bool any_answers = false;
    for (int at = 0; at < 5; ++at) {
      const std::string number = std::to_string(trial * 5 + at + 1);
      all.push_back(address(random.chance(0.5) ? "[2001:db8::" + number + "]:80" : "192.0.2.1:" + number));
      const bool listens = random.chance(0.7);
      if (listens) listen(all.back());
      faults(all.back()).latency = std::chrono::milliseconds{random.below(400)};
      faults(all.back()).hang_connect = random.chance(0.4) ? 1 : 0;
      any_answers |= listens && faults(all.back()).hang_connect == 0;
    }
    const std::string outcome = connect(all, 3s);
    if (any_answers) ASSERT_EQ(outcome, "connected");
    if (!any_answers) ASSERT_NE(outcome, "connected");
    ASSERT_EQ(open_tries(), winner == nullptr ? 0U : 1U) << network.describe_open();
    winner.reset();
  }
}

}  // namespace
}  // namespace weir
