// One suite, every backend, second half: how news of a connection arrives.
//
// Both directions at once, sends that would block, watchers, wake-ups, the loan of the scratch, deadlines through the
// reactor; and random ops against a model. The backends are listed in io_conformance_test.cc.
#include "runtime/io_conformance.h"

#include <cerrno>
#include <coroutine>
#include <thread>

#include "base/random.h"
#include "runtime/scope.h"

namespace weir::conformance {
namespace {

TEST_P(IoConformance, receive_and_send_of_one_handle_wait_together) {
  connect_pair();
  std::string large(8 << 20, 'x');
  TestOp receiving(Op::Kind::receive, client_);
  TestOp sending(Op::Kind::send, client_);
  sending.data = large.data();
  sending.size = large.size();
  EXPECT_FALSE(submit(receiving));
  EXPECT_FALSE(submit(sending));
  send(server_, "!");
  ASSERT_TRUE(ended(receiving));
  EXPECT_EQ(receiving.bytes, "!");
  EXPECT_EQ(sending.completions, 0);
  receive_exactly(server_, large.size());
  ASSERT_TRUE(ended(sending));
  EXPECT_EQ(sending.result, static_cast<std::int64_t>(large.size()));
}

TEST_P(IoConformance, try_send_takes_what_fits_and_no_more) {
  connect_pair();
  std::string large(32 << 20, '\0');
  for (std::size_t at = 0; at < large.size(); ++at) large[at] = static_cast<char>(at * 7 >> 5);
  const iovec pieces[] = {{.iov_base = large.data(), .iov_len = 1},
                          {.iov_base = large.data() + 1, .iov_len = large.size() - 1}};
  const std::int64_t taken = io().try_send(client_, pieces);
  ASSERT_GT(taken, 0);
  ASSERT_LT(taken, static_cast<std::int64_t>(large.size()));
  EXPECT_EQ(receive_exactly(server_, static_cast<std::size_t>(taken)),
            large.substr(0, static_cast<std::size_t>(taken)));
}

TEST_P(IoConformance, try_send_says_so_when_it_would_block) {
  connect_pair();
  std::string block(1 << 20, 'x');
  const iovec piece{.iov_base = block.data(), .iov_len = block.size()};
  std::size_t sent = 0;
  for (std::int64_t taken = 1; taken != 0; sent += static_cast<std::size_t>(taken)) {
    taken = io().try_send(client_, {&piece, 1});
    ASSERT_GE(taken, 0);
    if (taken == 0) world_->calm(sink_);  // what is on its way arrives; then the pipe is full for good
    if (taken == 0) taken = io().try_send(client_, {&piece, 1});
  }
  EXPECT_EQ(receive_exactly(server_, sent).size(), sent);
  world_->calm(sink_);
  EXPECT_GT(io().try_send(client_, {&piece, 1}), 0);
}

TEST_P(IoConformance, readable_from_arrival_until_drained) {
  connect_pair();
  EXPECT_FALSE(io().readable(client_));
  send(server_, "news");
  EXPECT_TRUE(world_->drive(sink_, [&] { return io().readable(client_); }));
  world_->calm(sink_);  // all of it is there
  EXPECT_EQ(receive_exactly(client_, 4), "news");
  EXPECT_FALSE(io().readable(client_));
  io().close(std::exchange(server_, Handle::none), false);
  EXPECT_TRUE(world_->drive(sink_, [&] { return io().readable(client_); }));
}

TEST_P(IoConformance, watcher_hears_of_bytes_nobody_receives) {
  connect_pair();
  CountingWatcher watcher;
  io().watch(client_, &watcher);
  world_->calm(sink_);
  EXPECT_EQ(watcher.calls, 0);
  send(server_, "unasked");
  EXPECT_TRUE(world_->drive(sink_, [&] { return watcher.calls > 0; }));
  EXPECT_FALSE(watcher.gone);
  io().watch(client_, nullptr);
}

TEST_P(IoConformance, watcher_hears_of_the_end) {
  connect_pair();
  CountingWatcher watcher;
  io().watch(client_, &watcher);
  io().close(std::exchange(server_, Handle::none), false);
  EXPECT_TRUE(world_->drive(sink_, [&] { return watcher.calls > 0; }));
  EXPECT_TRUE(io().readable(client_));
}

TEST_P(IoConformance, watcher_hears_that_the_peer_is_gone) {
  connect_pair();
  CountingWatcher watcher;
  io().watch(client_, &watcher);
  io().close(std::exchange(server_, Handle::none), true);
  EXPECT_TRUE(world_->drive(sink_, [&] { return watcher.calls > 0; }));
  EXPECT_TRUE(watcher.gone);
}

TEST_P(IoConformance, watcher_is_silent_while_a_receive_waits) {
  connect_pair();
  CountingWatcher watcher;
  io().watch(client_, &watcher);
  TestOp receiving(Op::Kind::receive, client_);
  EXPECT_FALSE(submit(receiving));
  send(server_, "x");
  ASSERT_TRUE(ended(receiving));
  world_->calm(sink_);
  EXPECT_EQ(watcher.calls, 0);
}

TEST_P(IoConformance, wake_from_another_thread_ends_a_wait) {
  std::jthread waker([&] { io().wake(); });
  // A kernel backend would sleep for ever here if the wake-up were lost; the simulation never sleeps.
  while (io().wait(never, sink_) == 0) std::this_thread::yield();
}

TEST_P(IoConformance, wake_before_the_wait_is_not_lost) {
  io().wake();
  EXPECT_GE(io().wait(never, sink_), 1U);
}

// Whoever is resumed by a wait must see the time after it: a timeout counted from before the wait would be over
// already.
TEST_P(IoConformance, tells_that_time_has_passed_before_it_delivers) {
  connect_pair();
  TestOp receiving(Op::Kind::receive, server_);
  EXPECT_FALSE(submit(receiving));
  sink_.awakenings = sink_.awakenings_at_completion = 0;
  const iovec piece{.iov_base = const_cast<char*>("x"), .iov_len = 1};
  EXPECT_EQ(io().try_send(client_, {&piece, 1}), 1);
  EXPECT_TRUE(ended(receiving));
  EXPECT_GT(sink_.awakenings_at_completion, 0);
}

// A tenant's bytes stay readable until it is told to move, and it is told before the scratch changes.
TEST_P(IoConformance, tenant_moves_out_before_the_scratch_is_used_again) {
  struct Tenant final : ScratchTenant {
    void move_out() override { moved.assign(bytes); }
    std::string_view bytes;
    std::string moved;
  };
  struct LodgingSink final : CompletionSink {
    void awake() override {}
    void complete(Op& op) override {
      op.parked = false;
      tenant.bytes = {op.data, static_cast<std::size_t>(op.result)};
      io->lodge(&tenant);
    }
    Io* io = nullptr;
    Tenant tenant;
  } lodging;
  lodging.io = &io();
  connect_pair();
  TestOp receiving(Op::Kind::receive, server_);
  EXPECT_FALSE(submit(receiving));
  send(client_, "a");
  ASSERT_TRUE(world_->drive(lodging, [&] { return !receiving.parked; }) || receiving.completions > 0);
  if (receiving.completions == 0) {
    EXPECT_EQ(lodging.tenant.moved, "a");
  }
}

// Random ops on both ends against a model of two byte queues: every op ends once, no byte is lost, added or changed.
TEST_P(IoConformance, random_ops_keep_every_promise) {
  Random random(2026);
  const auto letter = [](std::size_t offset) { return static_cast<char>((offset * 131) >> 3); };
  for (int round = 0; round < 12; ++round) {
    connect_pair();
    struct End {
      Handle handle;
      std::size_t accepted = 0;  // bytes the backend took
      std::size_t received = 0;
      std::unique_ptr<TestOp> reading;
      std::unique_ptr<TestOp> writing;
      std::string outgoing;
      std::string room;
    };
    End ends[2] = {{.handle = client_}, {.handle = server_}};
    const auto reap = [&](End& end, End& other) {
      if (end.reading != nullptr && end.reading->completions > 0) {
        ASSERT_EQ(end.reading->completions, 1);
        ASSERT_TRUE(end.reading->result > 0 || end.reading->result == -ECANCELED) << end.reading->result;
        for (const char c : end.reading->bytes) ASSERT_EQ(c, letter(end.received++));
        end.reading.reset();
      }
      if (end.writing != nullptr && end.writing->completions > 0) {
        ASSERT_EQ(end.writing->completions, 1);
        end.accepted += end.outgoing.size() - end.writing->size;
        if (end.writing->result >= 0) {
          ASSERT_EQ(end.writing->result, static_cast<std::int64_t>(end.outgoing.size()));
        } else {
          ASSERT_EQ(end.writing->result, -ECANCELED);
        }
        end.writing.reset();
      }
      static_cast<void>(other);
    };
    const auto fill = [&](End& end, std::size_t bytes) {
      end.outgoing.resize(bytes);
      for (std::size_t at = 0; at < bytes; ++at) end.outgoing[at] = letter(end.accepted + at);
    };
    for (int step = 0; step < 1500; ++step) {
      End& end = ends[random.below(2)];
      switch (random.below(6)) {
        case 0:
        case 1:
          if (end.reading != nullptr) break;
          end.reading = std::make_unique<TestOp>(Op::Kind::receive, end.handle);
          if (random.chance(0.5)) {
            end.room.resize(1 + random.below(5000));
            end.reading->data = end.room.data();
            end.reading->size = end.room.size();
          }
          submit(*end.reading);
          break;
        case 2:
          if (end.writing != nullptr) break;
          fill(end, 1 + random.below(random.chance(0.05) ? 1'000'000 : 3000));
          end.writing = std::make_unique<TestOp>(Op::Kind::send, end.handle);
          end.writing->data = end.outgoing.data();
          end.writing->size = end.outgoing.size();
          submit(*end.writing);
          break;
        case 3: {
          if (end.writing != nullptr) break;
          fill(end, 1 + random.below(3000));
          const std::size_t cut = random.below(end.outgoing.size());
          const iovec pieces[] = {{.iov_base = end.outgoing.data(), .iov_len = cut},
                                  {.iov_base = end.outgoing.data() + cut, .iov_len = end.outgoing.size() - cut}};
          const std::int64_t taken = io().try_send(end.handle, pieces);
          ASSERT_GE(taken, 0);
          end.accepted += static_cast<std::size_t>(taken);
          break;
        }
        case 4:
          if (random.chance(0.8)) break;
          if (end.reading != nullptr && end.reading->parked) io().cancel(*end.reading);
          if (end.writing != nullptr && end.writing->parked) io().cancel(*end.writing);
          break;
        default:
          io().wait(io().now(), sink_);
      }
      for (int at = 0; at < 2; ++at) {
        reap(ends[at], ends[1 - at]);
        if (HasFatalFailure()) return;
      }
    }
    // Both sides end; what was accepted must all arrive, and then an end.
    for (End& end : ends) {
      for (TestOp* op : {end.reading.get(), end.writing.get()}) {
        if (op == nullptr) continue;
        if (op->parked) io().cancel(*op);
        ASSERT_TRUE(ended(*op));
      }
      reap(end, ends[0]);
      if (HasFatalFailure()) return;
    }
    for (End& end : ends) io().shut_down_sending(end.handle);
    for (int at = 0; at < 2; ++at) {
      End& end = ends[at];
      std::string rest;
      while (receive(end.handle, rest) > 0) {
      }
      for (const char c : rest) ASSERT_EQ(c, letter(end.received++));
      ASSERT_EQ(end.received, ends[1 - at].accepted);
    }
    close_all();
  }
}

// ---- through the reactor: a receive with a deadline, as a stream does it

class TimedReceive final : public Op, private Timer {
 public:
  TimedReceive(Reactor& reactor, Handle from, Duration timeout) : reactor_(reactor) {
    kind = Kind::receive;
    handle = from;
    deadline = deadline_after(reactor.now(), timeout);
  }
  bool await_ready() { return reactor_.io().submit(*this); }
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    if (suspend(waiting) != nullptr)
      reactor_.io().cancel(*this);
    else
      reactor_.timers().arm(*this, deadline);
  }
  std::int64_t await_resume() {
    reactor_.timers().disarm(*this);
    return result;
  }
  void cancel(Error) override { reactor_.io().cancel(*this); }

 private:
  void fire(Time) override {
    timed_out = true;
    reactor_.io().cancel(*this);
  }
  Reactor& reactor_;
};

struct Outcome {
  bool ended = false;
  bool timed_out = false;
  std::int64_t result = 0;
  Time when{};
};

Task<void> receive_within(Reactor& reactor, Handle handle, Duration timeout, Outcome& outcome) {
  TimedReceive receiving(reactor, handle, timeout);
  outcome.result = co_await receiving;
  outcome.timed_out = receiving.timed_out;
  outcome.when = reactor.now();
  outcome.ended = true;
}

TEST_P(IoConformance, deadline_ends_a_receive_not_before_its_time) {
  connect_pair();
  Reactor reactor(io(), 1);
  Scope scope(reactor);
  Outcome outcome;
  const Time begin = reactor.now();
  scope.spawn(receive_within(reactor, server_, 30ms, outcome));
  world_->drive(reactor, [&] { return outcome.ended; });
  ASSERT_TRUE(outcome.ended);
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.result, -ECANCELED);
  EXPECT_GE(outcome.when, begin + 30ms);
}

TEST_P(IoConformance, canceled_scope_ends_its_receive) {
  connect_pair();
  Reactor reactor(io(), 1);
  Scope scope(reactor);
  Outcome outcome;
  scope.spawn(receive_within(reactor, server_, 1h, outcome));
  scope.cancel(gateway_error(Code::draining));
  world_->drive(reactor, [&] { return outcome.ended; });
  EXPECT_EQ(outcome.result, -ECANCELED);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(scope.running(), 0U);
}

TEST_P(IoConformance, bytes_in_time_leave_no_timer_behind) {
  connect_pair();
  Reactor reactor(io(), 1);
  Scope scope(reactor);
  Outcome outcome;
  scope.spawn(receive_within(reactor, server_, 1h, outcome));
  const iovec piece{.iov_base = const_cast<char*>("x"), .iov_len = 1};
  EXPECT_EQ(io().try_send(client_, {&piece, 1}), 1);
  world_->drive(reactor, [&] { return outcome.ended; });
  EXPECT_EQ(outcome.result, 1);
  EXPECT_TRUE(reactor.timers().empty());
}

}  // namespace
}  // namespace weir::conformance
