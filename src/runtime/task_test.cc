// Coroutines and their scopes: no stack used by synchronous chains, cancellation that reaches everything, joins that
// wait.
#include "runtime/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/scope.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class TaskTest : public testing::Test {
 protected:
  TaskTest() { world_.add(reactor_); }
  void finish(Scope& scope) {
    EXPECT_TRUE(world_.run_until([&] { return scope.running() == 0; }));
  }

  SimNetwork network_{1};
  SimIo io_{network_};
  Reactor reactor_{io_, 1};
  SimWorld world_{network_};
};
using ScopeTest = TaskTest;
using SleepTest = TaskTest;

Task<int> one() {
  co_return 1;
}

Task<void> sum_many(int count, long& sum) {
  for (int at = 0; at < count; ++at) sum += co_await one();
}

Task<long> nest(long depth) {
  if (depth == 0) co_return 0;
  const long below = co_await nest(depth - 1);
  co_return below + 1;
}

Task<void> store_nested(long depth, long& result) {
  result = co_await nest(depth);
}

TEST_F(TaskTest, million_synchronous_awaits_use_no_stack) {
  Scope scope(reactor_);
  long sum = 0;
  scope.spawn(sum_many(1'000'000, sum));
  EXPECT_EQ(sum, 1'000'000);
}

TEST_F(TaskTest, deep_chain_returns_without_stack) {
  Scope scope(reactor_);
  long result = 0;
  scope.spawn(store_nested(200'000, result));
  EXPECT_EQ(result, 200'000);
}

Task<std::unique_ptr<std::string>> move_only() {
  co_return std::make_unique<std::string>("moved");
}
Task<Result<std::string>> failing() {
  co_return fail(client_error(Code::bad_host));
}
Task<Result<std::size_t>> passing_on() {
  CO_TRY(const std::string text, co_await failing());
  co_return text.size();
}
Task<Result<void>> passing_on_void() {
  CO_TRY_VOID(co_await failing());
  co_return Result<void>{};
}
Task<void> values(std::string& text, Code& code, Code& code_of_void) {
  text = *co_await move_only();
  code = (co_await passing_on()).error().code;
  code_of_void = (co_await passing_on_void()).error().code;
}

TEST_F(TaskTest, values_and_errors_come_back) {
  Scope scope(reactor_);
  std::string text;
  Code code{}, code_of_void{};
  scope.spawn(values(text, code, code_of_void));
  EXPECT_EQ(text, "moved");
  EXPECT_EQ(code, Code::bad_host);
  EXPECT_EQ(code_of_void, Code::bad_host);
}

struct Counted {
  explicit Counted(int& count) : count_(&count) { ++*count_; }
  Counted(const Counted&) = delete;
  ~Counted() { --*count_; }
  int* count_;
};
Task<int> holds(std::shared_ptr<Counted> held) {
  co_return held != nullptr ? 1 : 0;
}

TEST_F(TaskTest, task_that_is_never_awaited_frees_what_it_holds) {
  int alive = 0;
  {
    const Task<int> unused = holds(std::make_shared<Counted>(alive));
  }
  EXPECT_EQ(alive, 0);
}

Task<void> sleep_and_note(Reactor& reactor, Duration duration, std::vector<int>& order, int number) {
  co_await Sleep(reactor, duration);
  order.push_back(number);
}

TEST_F(SleepTest, wakes_in_order_of_deadlines) {
  Scope scope(reactor_);
  std::vector<int> order;
  const Time begin = network_.now();
  scope.spawn(sleep_and_note(reactor_, 30ms, order, 3));
  scope.spawn(sleep_and_note(reactor_, 10ms, order, 1));
  scope.spawn(sleep_and_note(reactor_, 20ms, order, 2));
  finish(scope);
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_GE(network_.now(), begin + 30ms);
  EXPECT_LE(network_.now(), begin + 32ms);
}

Task<void> sleep_outcome(Reactor& reactor, Duration duration, Result<void>& outcome) {
  outcome = co_await Sleep(reactor, duration);
}

TEST_F(SleepTest, canceled_sleep_gives_the_reason_and_leaves_no_timer) {
  Scope scope(reactor_);
  Result<void> outcome{};
  const Time begin = network_.now();
  scope.spawn(sleep_outcome(reactor_, 1h, outcome));
  scope.cancel(client_error(Code::peer_closed));
  EXPECT_EQ(scope.running(), 1U) << "a cancellation is never delivered from inside the call";
  finish(scope);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::peer_closed);
  EXPECT_EQ(network_.now(), begin);
  EXPECT_TRUE(reactor_.timers().empty());
}

TEST_F(SleepTest, in_a_canceled_scope_fails_at_once) {
  Scope scope(reactor_);
  scope.cancel(gateway_error(Code::draining));
  Result<void> outcome{};
  scope.spawn(sleep_outcome(reactor_, 1h, outcome));
  EXPECT_EQ(scope.running(), 0U);
  EXPECT_EQ(outcome.error().code, Code::draining);
}

TEST_F(SleepTest, cancel_after_the_deadline_changes_nothing) {
  Scope scope(reactor_);
  Result<void> outcome{};
  scope.spawn(sleep_outcome(reactor_, 10ms, outcome));
  network_.advance_to(network_.now() + 11ms);
  reactor_.turn(network_.now());  // learns the time
  reactor_.turn(network_.now());  // the timer fires, and the sleeper is ready but has not run
  scope.cancel(gateway_error(Code::draining));
  finish(scope);
  EXPECT_TRUE(outcome);
}

Task<void> join_children(Reactor& reactor, std::vector<int>& order) {
  Scope children(reactor);
  children.spawn(sleep_and_note(reactor, 20ms, order, 2));
  children.spawn(sleep_and_note(reactor, 10ms, order, 1));
  co_await children.join();
  order.push_back(99);
}

TEST_F(ScopeTest, join_waits_for_the_last_child) {
  Scope scope(reactor_);
  std::vector<int> order;
  scope.spawn(join_children(reactor_, order));
  finish(scope);
  EXPECT_EQ(order, (std::vector{1, 2, 99}));
}

Task<void> note_at_once(std::vector<int>& order, int number) {
  order.push_back(number);
  co_return;
}
Task<void> join_inline_children(Reactor& reactor, std::vector<int>& order) {
  Scope children(reactor);
  co_await children.join();  // of nobody
  children.spawn(note_at_once(order, 1));
  order.push_back(2);
  co_await children.join();
  children.spawn(note_at_once(order, 3));
  co_await children.join();
  order.push_back(4);
}

TEST_F(ScopeTest, children_that_end_inline_need_no_turn) {
  Scope scope(reactor_);
  std::vector<int> order;
  scope.spawn(join_inline_children(reactor_, order));
  EXPECT_EQ(scope.running(), 0U);
  EXPECT_EQ(order, (std::vector{1, 2, 3, 4}));
}

Task<void> nested_sleep(Reactor& reactor, int depth, std::vector<Code>& ends) {
  if (depth == 0) {
    const Result<void> outcome = co_await Sleep(reactor, 1h);
    ends.push_back(outcome ? Code::internal : outcome.error().code);
    co_return;
  }
  Scope children(reactor);
  children.spawn(nested_sleep(reactor, depth - 1, ends));
  children.spawn(nested_sleep(reactor, depth - 1, ends));
  co_await children.join();
}

TEST_F(ScopeTest, cancel_reaches_nested_scopes_and_still_waits) {
  Scope scope(reactor_);
  std::vector<Code> ends;
  scope.spawn(nested_sleep(reactor_, 5, ends));
  world_.settle();
  const Time begin = network_.now();
  scope.cancel(client_error(Code::peer_reset));
  EXPECT_EQ(scope.running(), 1U);
  finish(scope);
  EXPECT_EQ(ends, std::vector<Code>(32, Code::peer_reset));
  EXPECT_EQ(network_.now(), begin);
  EXPECT_TRUE(reactor_.timers().empty());
}

TEST_F(ScopeTest, scope_made_after_the_cancellation_hears_of_it) {
  Scope scope(reactor_);
  scope.cancel(gateway_error(Code::draining));
  std::vector<Code> ends;
  scope.spawn(nested_sleep(reactor_, 3, ends));
  finish(scope);
  EXPECT_EQ(ends, std::vector<Code>(8, Code::draining));
}

TEST_F(ScopeTest, first_reason_wins) {
  Scope scope(reactor_);
  Result<void> outcome{};
  scope.spawn(sleep_outcome(reactor_, 1h, outcome));
  scope.cancel(gateway_error(Code::draining));
  scope.cancel(client_error(Code::peer_reset));
  finish(scope);
  EXPECT_EQ(outcome.error().code, Code::draining);
}

Task<void> spawn_sibling(Scope& scope, Reactor& reactor, std::vector<int>& order) {
  co_await Sleep(reactor, 1ms);
  scope.spawn(sleep_and_note(reactor, 5ms, order, 1));
}
Task<void> join_growing(Reactor& reactor, std::vector<int>& order) {
  Scope children(reactor);
  children.spawn(spawn_sibling(children, reactor, order));
  co_await children.join();
  order.push_back(2);
}

TEST_F(ScopeTest, join_waits_for_children_spawned_by_children) {
  Scope scope(reactor_);
  std::vector<int> order;
  scope.spawn(join_growing(reactor_, order));
  finish(scope);
  EXPECT_EQ(order, (std::vector{1, 2}));
}

Task<void> join_and_check(Scope& joined, std::vector<int>& order) {
  co_await joined.join();
  EXPECT_EQ(joined.running(), 0U);
  order.push_back(3);
}
Task<void> spawn_later(Scope& scope, Reactor& reactor, Duration after, std::vector<int>& order) {
  co_await Sleep(reactor, after);
  order.push_back(1);
  scope.spawn(sleep_and_note(reactor, 5ms, order, 2));
}

// The last child ends and the joiner is told; before it runs, somebody starts another child.
TEST_F(ScopeTest, join_that_was_told_too_early_waits_on) {
  Scope inner(reactor_);
  Scope outer(reactor_);
  std::vector<int> order;
  inner.spawn(sleep_and_note(reactor_, 10ms, order, 0));
  outer.spawn(join_and_check(inner, order));
  outer.spawn(spawn_later(inner, reactor_, 10ms, order));
  finish(outer);
  EXPECT_EQ(order, (std::vector{0, 1, 2, 3}));
}

TEST(ScopeDeathTest, finds_a_scope_that_is_left_with_children) {
  EXPECT_DEATH(
      {
        SimNetwork network(1);
        SimIo io(network);
        Reactor reactor(io, 1);
        Result<void> outcome{};
        Scope scope(reactor);
        scope.spawn(sleep_outcome(reactor, 1h, outcome));
      },
      "joined before it is left");
}

}  // namespace
}  // namespace weir
