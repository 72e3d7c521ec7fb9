// Who gets in, who waits, who is sent away: on a shard in virtual time.
#include "runtime/gate.h"

#include <gtest/gtest.h>

#include "runtime/scope.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class GateTest : public testing::Test {
 protected:
  GateTest() { world.add(reactor); }

  /// Enters, stays for `stay`, and writes down what happened under its name.
  Task<void> visit(Gate& gate, char name, Duration stay) {
    const Result<Gate::Pass> pass = co_await gate.enter();
    if (!pass) {
      story += std::string("!") + name;
      co_return;
    }
    story += name;
    const Result<void> slept = co_await Sleep(reactor, stay);
    if (!slept) story += '-';
  }

  SimNetwork network{1};
  SimIo io{network};
  Reactor reactor{io, 1};
  SimWorld world{network};
  std::string story;
};

TEST_F(GateTest, lets_in_by_order_of_arrival) {
  Gate gate(reactor, 2, 8);
  Scope scope(reactor);
  for (const char name : {'a', 'b', 'c', 'd'}) scope.spawn(visit(gate, name, 10ms));
  EXPECT_EQ(gate.inside(), 2U);
  EXPECT_EQ(gate.waiting(), 2U);
  world.run_until([&] { return scope.running() == 0; });
  EXPECT_EQ(story, "abcd");
  EXPECT_EQ(gate.inside(), 0U);
}

TEST_F(GateTest, sends_away_whom_the_line_has_no_room_for) {
  Gate gate(reactor, 1, 1);
  Scope scope(reactor);
  for (const char name : {'a', 'b', 'c'}) scope.spawn(visit(gate, name, 10ms));
  world.run_until([&] { return scope.running() == 0; });
  EXPECT_EQ(story, "a!cb");
}

TEST_F(GateTest, one_who_gives_up_waiting_leaves_the_line) {
  Gate gate(reactor, 1, 2);
  Scope scope(reactor);
  Scope impatient(reactor);
  scope.spawn(visit(gate, 'a', 10ms));
  impatient.spawn(visit(gate, 'b', 10ms));
  scope.spawn(visit(gate, 'c', 10ms));
  impatient.cancel(gateway_error(Code::canceled));
  EXPECT_EQ(gate.waiting(), 1U);
  world.run_until([&] { return scope.running() == 0 && impatient.running() == 0; });
  EXPECT_EQ(story, "a!bc");
}

TEST_F(GateTest, one_who_is_canceled_inside_lets_the_next_in) {
  Gate gate(reactor, 1, 2);
  Scope scope(reactor);
  Scope impatient(reactor);
  impatient.spawn(visit(gate, 'a', 10h));
  scope.spawn(visit(gate, 'b', 1ms));
  impatient.cancel(gateway_error(Code::canceled));
  world.run_until([&] { return scope.running() == 0 && impatient.running() == 0; });
  EXPECT_EQ(story, "a-b");
}

}  // namespace
}  // namespace weir
