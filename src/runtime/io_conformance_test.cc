// One suite, every backend: what io.h promises, asked of the kernel and of the simulation.
//
// The ops are raw and the sink is the test's own, so that each completion is counted. Waiting is for a condition, never
// for a time; only the real backends see a real clock, and only as the bound after which a test gives up.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <coroutine>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/random.h"
#include "runtime/epoll_io.h"
#include "runtime/reactor.h"
#include "runtime/scope.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

struct TestOp final : Op {
  TestOp(Kind wanted, Handle on) {
    kind = wanted;
    handle = on;
  }
  void cancel(Error) override {}

  int completions = 0;
  std::string bytes;  // what a receive brought
};

struct CountingSink final : CompletionSink {
  int awakenings = 0;
  int awakenings_at_completion = 0;
  void awake() override { ++awakenings; }
  void complete(Op& op) override {
    awakenings_at_completion = awakenings;
    auto& ended = static_cast<TestOp&>(op);
    op.parked = false;
    ++ended.completions;
    if (op.kind == Op::Kind::receive && op.result > 0) ended.bytes.assign(op.data, static_cast<std::size_t>(op.result));
  }
};

struct CountingWatcher final : Watcher {
  void on_activity(bool is_gone) override {
    ++calls;
    gone |= is_gone;
  }
  int calls = 0;
  bool gone = false;
};

SocketAddress loopback() {
  SocketAddress address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.length = sizeof(v4);
  return address;
}

SocketAddress unix_address(const std::string& path) {
  SocketAddress address;
  auto& local = reinterpret_cast<sockaddr_un&>(address.storage);
  local.sun_family = AF_UNIX;
  std::copy_n(path.data(), path.size(), local.sun_path);
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

// A world with one Io in it, and how its time passes.
class World {
 public:
  virtual ~World() = default;
  virtual Io& io() = 0;
  /// Waits for completions until `done()`; false when it never comes.
  virtual bool drive(CompletionSink& sink, const std::function<bool()>& done) = 0;
  /// Lets pass what would happen by itself.
  virtual void calm(CompletionSink& sink) = 0;
  virtual void drive(Reactor& reactor, const std::function<bool()>& done) = 0;
};

class KernelWorld final : public World {
 public:
  Io& io() override { return io_; }
  bool drive(CompletionSink& sink, const std::function<bool()>& done) override {
    const Time give_up = io_.now() + 20s;
    while (!done() && io_.now() < give_up) io_.wait(io_.now() + 20ms, sink);
    return done();
  }
  void calm(CompletionSink& sink) override {
    while (io_.wait(io_.now() + 5ms, sink) > 0) {
    }
  }
  void drive(Reactor& reactor, const std::function<bool()>& done) override {
    const Time give_up = io_.now() + 20s;
    while (!done() && io_.now() < give_up) reactor.turn(io_.now() + 20ms);
  }

 private:
  EpollIo io_;
};

class SimulatedWorld final : public World {
 public:
  explicit SimulatedWorld(const SimFaults& faults) { network_.faults() = faults; }
  Io& io() override { return io_; }
  bool drive(CompletionSink& sink, const std::function<bool()>& done) override {
    while (!done()) {
      if (io_.wait(io_.now(), sink) > 0 || io_.pending()) continue;
      if (network_.next_event() == never) return done();
      network_.advance_to(std::max(network_.now(), network_.next_event()));
    }
    return true;
  }
  void calm(CompletionSink& sink) override {
    drive(sink, [] { return false; });
  }
  void drive(Reactor& reactor, const std::function<bool()>& done) override {
    SimWorld world(network_);
    world.add(reactor);
    world.run_until(done);
  }

  SimNetwork network_{4711};
  SimIo io_{network_};
};

SimFaults calm_network() {
  return {.latency = 1ms};
}
// Everything that must not change what a program sees, only when and in which pieces.
SimFaults rough_network() {
  return {
      .partial_read = 0.3, .partial_write = 0.2, .delay = 0.3, .split = 0.3, .defer_completion = 0.5, .latency = 1ms};
}

struct BackendCase {
  const char* name;
  std::function<std::unique_ptr<World>()> make;
  bool over_unix;
};

class IoConformance : public testing::TestWithParam<BackendCase> {
 protected:
  IoConformance() : world_(GetParam().make()) {}
  ~IoConformance() override {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  Io& io() { return world_->io(); }

  SocketAddress fresh_address() {
    if (!GetParam().over_unix) return loopback();
    path_ = testing::TempDir() + "weir_io_" + std::to_string(::getpid()) + ".sock";
    return unix_address(path_);
  }

  bool submit(TestOp& op) {
    op.result = 99;  // what an earlier use may have left behind
    if (!io().submit(op)) return false;
    sink_.complete(op);
    return true;
  }
  bool ended(TestOp& op) {
    return world_->drive(sink_, [&] { return op.completions > 0; });
  }
  std::int64_t run(TestOp& op) {
    submit(op);
    if (!ended(op)) {
      ADD_FAILURE() << "an op did not complete";
      io().cancel(op);  // it must not outlive this call
      ended(op);
    }
    EXPECT_EQ(op.completions, 1);
    return op.result;
  }

  void listen() {
    const auto listening = io().listen(fresh_address(), {});
    ASSERT_TRUE(listening);
    listener_ = *listening;
    address_ = io().local_address(listener_);
  }

  Handle connect() {
    const auto opened = io().open(address_);
    EXPECT_TRUE(opened);
    TestOp connecting(Op::Kind::connect, *opened);
    connecting.data = reinterpret_cast<char*>(&address_);
    EXPECT_EQ(run(connecting), 0);
    return *opened;
  }

  Handle accept() {
    TestOp accepting(Op::Kind::accept, listener_);
    const std::int64_t accepted = run(accepting);
    EXPECT_GE(accepted, 0);
    return static_cast<Handle>(accepted);
  }

  void connect_pair() {
    listen();
    client_ = connect();
    server_ = accept();
  }

  std::int64_t send(Handle handle, std::string_view bytes) {
    TestOp sending(Op::Kind::send, handle);
    sending.data = const_cast<char*>(bytes.data());
    sending.size = bytes.size();
    return run(sending);
  }

  // One receive into the scratch.
  std::int64_t receive(Handle handle, std::string& into) {
    TestOp receiving(Op::Kind::receive, handle);
    const std::int64_t count = run(receiving);
    into += receiving.bytes;
    return count;
  }

  std::string receive_exactly(Handle handle, std::size_t bytes) {
    std::string received;
    while (received.size() < bytes && receive(handle, received) > 0) {
    }
    return received;
  }

  void close_all() {
    for (Handle* handle : {&client_, &server_, &listener_}) {
      if (*handle != Handle::none) io().close(std::exchange(*handle, Handle::none), false);
    }
  }
  void TearDown() override {
    close_all();
    world_->calm(sink_);
    if (auto* simulated = dynamic_cast<SimulatedWorld*>(world_.get())) {
      EXPECT_EQ(simulated->network_.open_handles(), 0U) << simulated->network_.describe_open();
      EXPECT_EQ(simulated->network_.bytes_in_flight(), 0U);
    }
  }

  std::unique_ptr<World> world_;
  CountingSink sink_;
  std::string path_;
  SocketAddress address_;
  Handle listener_ = Handle::none;
  Handle client_ = Handle::none;
  Handle server_ = Handle::none;
};

TEST_P(IoConformance, port_zero_becomes_a_real_port) {
  listen();
  if (GetParam().over_unix) return;
  EXPECT_NE(reinterpret_cast<const sockaddr_in*>(address_.raw())->sin_port, 0);
}

TEST_P(IoConformance, both_ends_know_their_addresses) {
  connect_pair();
  EXPECT_EQ(io().remote_address(client_), address_);
  EXPECT_EQ(io().local_address(server_), address_);
  if (!GetParam().over_unix) {
    EXPECT_EQ(io().local_address(client_), io().remote_address(server_));
  }
}

TEST_P(IoConformance, second_listener_on_an_address_is_refused) {
  listen();
  EXPECT_FALSE(io().listen(address_, {}));
}

TEST_P(IoConformance, accept_waits_for_a_connection) {
  listen();
  TestOp accepting(Op::Kind::accept, listener_);
  EXPECT_FALSE(submit(accepting));
  client_ = connect();
  ASSERT_TRUE(ended(accepting));
  server_ = static_cast<Handle>(accepting.result);
  EXPECT_EQ(send(client_, "hello"), 5);
  EXPECT_EQ(receive_exactly(server_, 5), "hello");
}

TEST_P(IoConformance, connect_to_nobody_is_refused) {
  listen();
  io().close(std::exchange(listener_, Handle::none), false);
  client_ = *io().open(address_);
  TestOp connecting(Op::Kind::connect, client_);
  connecting.data = reinterpret_cast<char*>(&address_);
  EXPECT_EQ(run(connecting), -ECONNREFUSED);
}

TEST_P(IoConformance, bytes_cross_in_both_directions) {
  connect_pair();
  EXPECT_EQ(send(client_, "ping"), 4);
  EXPECT_EQ(receive_exactly(server_, 4), "ping");
  EXPECT_EQ(send(server_, "pong"), 4);
  EXPECT_EQ(receive_exactly(client_, 4), "pong");
}

TEST_P(IoConformance, receives_into_memory_of_the_caller) {
  connect_pair();
  send(client_, "abcdef");
  std::string received;
  while (received.size() < 6) {
    char room[4] = {'?', '?', '?', '!'};
    TestOp receiving(Op::Kind::receive, server_);
    receiving.data = room;
    receiving.size = 3;
    const std::int64_t count = run(receiving);
    ASSERT_GT(count, 0);
    ASSERT_LE(count, 3);
    EXPECT_EQ(receiving.data, room);
    EXPECT_EQ(room[3], '!');
    received.append(room, static_cast<std::size_t>(count));
  }
  EXPECT_EQ(received, "abcdef");
}

TEST_P(IoConformance, large_send_waits_for_the_reader_and_completes_with_every_byte) {
  connect_pair();
  std::string large(8 << 20, '\0');
  for (std::size_t at = 0; at < large.size(); ++at) large[at] = static_cast<char>(at * 31 >> 8);
  TestOp sending(Op::Kind::send, client_);
  sending.data = large.data();
  sending.size = large.size();
  EXPECT_FALSE(submit(sending)) << "8 MiB fit into the socket buffers";
  world_->calm(sink_);
  EXPECT_EQ(sending.completions, 0) << "completed although nobody reads";
  EXPECT_EQ(receive_exactly(server_, large.size()), large);
  ASSERT_TRUE(ended(sending));
  EXPECT_EQ(sending.completions, 1);
  EXPECT_EQ(sending.result, static_cast<std::int64_t>(large.size()));
  EXPECT_EQ(sending.size, 0U);
}

TEST_P(IoConformance, progress_of_a_send_moves_its_deadline) {
  connect_pair();
  std::string large(8 << 20, 'x');
  TestOp sending(Op::Kind::send, client_);
  sending.data = large.data();
  sending.size = large.size();
  sending.patience = 5s;
  sending.deadline = io().now();
  const Time before = io().now();
  EXPECT_FALSE(submit(sending));
  EXPECT_TRUE(world_->drive(sink_, [&] { return sending.deadline >= before + 5s; }));
  io().cancel(sending);
  EXPECT_TRUE(ended(sending));
}

TEST_P(IoConformance, end_of_stream_comes_behind_the_bytes) {
  connect_pair();
  send(client_, "last");
  io().close(std::exchange(client_, Handle::none), false);
  std::string received;
  while (receive(server_, received) > 0) {
  }
  EXPECT_EQ(received, "last");
  EXPECT_EQ(receive(server_, received), 0) << "an end stays an end";
}

TEST_P(IoConformance, parked_receive_learns_of_the_end) {
  connect_pair();
  TestOp receiving(Op::Kind::receive, server_);
  EXPECT_FALSE(submit(receiving));
  io().close(std::exchange(client_, Handle::none), false);
  ASSERT_TRUE(ended(receiving));
  EXPECT_EQ(receiving.result, 0);
}

TEST_P(IoConformance, half_close_leaves_the_other_direction_open) {
  connect_pair();
  send(client_, "request");
  io().shut_down_sending(client_);
  std::string request;
  while (receive(server_, request) > 0) {
  }
  EXPECT_EQ(request, "request");
  EXPECT_EQ(send(server_, "answer"), 6);
  EXPECT_EQ(receive_exactly(client_, 6), "answer");
  EXPECT_EQ(send(client_, "more"), -EPIPE);
}

TEST_P(IoConformance, abort_is_seen_as_reset) {
  connect_pair();
  TestOp receiving(Op::Kind::receive, server_);
  EXPECT_FALSE(submit(receiving));
  io().close(std::exchange(client_, Handle::none), true);
  ASSERT_TRUE(ended(receiving));
  EXPECT_EQ(receiving.result,
            GetParam().over_unix && std::string_view(GetParam().name).starts_with("epoll") ? 0 : -ECONNRESET);
}

TEST_P(IoConformance, closing_with_unread_bytes_resets) {
  connect_pair();
  send(client_, "unread");
  world_->calm(sink_);
  TestOp receiving(Op::Kind::receive, client_);
  EXPECT_FALSE(submit(receiving));
  io().close(std::exchange(server_, Handle::none), false);
  ASSERT_TRUE(ended(receiving));
  EXPECT_EQ(receiving.result, -ECONNRESET);
}

TEST_P(IoConformance, sending_to_a_closed_peer_fails_in_the_end) {
  connect_pair();
  io().close(std::exchange(server_, Handle::none), false);
  std::int64_t outcome = 0;
  for (int tries = 0; tries < 10 && outcome >= 0; ++tries) {
    outcome = send(client_, "anybody there?");
    world_->calm(sink_);
  }
  EXPECT_TRUE(outcome == -EPIPE || outcome == -ECONNRESET) << outcome;
}

TEST_P(IoConformance, canceled_op_completes_exactly_once) {
  connect_pair();
  TestOp receiving(Op::Kind::receive, server_);
  EXPECT_FALSE(submit(receiving));
  io().cancel(receiving);
  io().cancel(receiving);
  EXPECT_EQ(receiving.completions, 0) << "a cancel completes through the sink, not from inside the call";
  ASSERT_TRUE(ended(receiving));
  EXPECT_EQ(receiving.result, -ECANCELED);
  send(client_, "later");
  world_->calm(sink_);
  EXPECT_EQ(receiving.completions, 1);
  EXPECT_EQ(receive_exactly(server_, 5), "later") << "a canceled receive takes no bytes";
}

TEST_P(IoConformance, canceled_send_completes_exactly_once) {
  connect_pair();
  std::string large(8 << 20, 'x');
  TestOp sending(Op::Kind::send, client_);
  sending.data = large.data();
  sending.size = large.size();
  EXPECT_FALSE(submit(sending));
  ASSERT_TRUE(world_->drive(sink_, [&] { return large.size() - sending.size > 1000; }));
  io().cancel(sending);
  ASSERT_TRUE(ended(sending));
  EXPECT_EQ(sending.result, -ECANCELED);
  receive_exactly(server_, 1000);
  world_->calm(sink_);
  EXPECT_EQ(sending.completions, 1);
}

TEST_P(IoConformance, canceled_accept_leaves_the_connection_for_the_next) {
  listen();
  TestOp accepting(Op::Kind::accept, listener_);
  EXPECT_FALSE(submit(accepting));
  io().cancel(accepting);
  ASSERT_TRUE(ended(accepting));
  EXPECT_EQ(accepting.result, -ECANCELED);
  client_ = connect();
  server_ = accept();
}

TEST_P(IoConformance, close_ends_both_parked_ops_once) {
  connect_pair();
  std::string large(8 << 20, 'x');
  TestOp receiving(Op::Kind::receive, client_);
  TestOp sending(Op::Kind::send, client_);
  sending.data = large.data();
  sending.size = large.size();
  EXPECT_FALSE(submit(receiving));
  EXPECT_FALSE(submit(sending));
  io().close(std::exchange(client_, Handle::none), false);
  EXPECT_EQ(receiving.completions + sending.completions, 0);
  ASSERT_TRUE(ended(receiving));
  ASSERT_TRUE(ended(sending));
  EXPECT_EQ(receiving.result, -ECANCELED);
  EXPECT_EQ(sending.result, -ECANCELED);
  world_->calm(sink_);
  EXPECT_EQ(receiving.completions + sending.completions, 2);
}

TEST_P(IoConformance, closing_a_listener_ends_its_accept) {
  listen();
  TestOp accepting(Op::Kind::accept, listener_);
  EXPECT_FALSE(submit(accepting));
  io().close(std::exchange(listener_, Handle::none), false);
  ASSERT_TRUE(ended(accepting));
  EXPECT_EQ(accepting.result, -ECANCELED);
}

TEST_P(IoConformance, handle_used_again_gets_none_of_its_predecessors_news) {
  connect_pair();
  send(client_, "for the old one");
  io().close(std::exchange(server_, Handle::none), true);
  io().close(std::exchange(client_, Handle::none), true);
  client_ = connect();  // with the kernel: very likely the same descriptors
  server_ = accept();
  TestOp receiving(Op::Kind::receive, server_);
  EXPECT_FALSE(submit(receiving));
  world_->calm(sink_);
  EXPECT_EQ(receiving.completions, 0);
  send(client_, "new");
  ASSERT_TRUE(ended(receiving));
  EXPECT_TRUE(std::string_view("new").starts_with(receiving.bytes));
}

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

// A tenant's bytes stay readable until it is told to move, and it is told before the scratch changes. Whoever is
// resumed by a wait must see the time after it: a timeout counted from before the wait would be over already.
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

INSTANTIATE_TEST_SUITE_P(
    Backends, IoConformance,
    testing::Values(BackendCase{"epoll_tcp", [] { return std::make_unique<KernelWorld>(); }, false},
                    BackendCase{"epoll_unix", [] { return std::make_unique<KernelWorld>(); }, true},
                    BackendCase{"sim_tcp", [] { return std::make_unique<SimulatedWorld>(calm_network()); }, false},
                    BackendCase{"sim_unix", [] { return std::make_unique<SimulatedWorld>(calm_network()); }, true},
                    BackendCase{"sim_rough", [] { return std::make_unique<SimulatedWorld>(rough_network()); }, false}),
    [](const auto& backend) { return std::string(backend.param.name); });

}  // namespace
}  // namespace weir
