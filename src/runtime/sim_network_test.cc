// The simulated world itself: it repeats itself, its faults happen, and several shards share it.
#include "runtime/sim_network.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/reactor.h"
#include "runtime/scope.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

SocketAddress address_with_port(std::uint16_t port) {
  SocketAddress address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.length = sizeof(v4);
  return address;
}

class AwaitedOp final : public Op {
 public:
  AwaitedOp(Io& io, Kind wanted, Handle on) : io_(io) {
    kind = wanted;
    handle = on;
  }
  bool await_ready() { return io_.submit(*this); }
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> waiting) {
    if (suspend(waiting) != nullptr) io_.cancel(*this);
  }
  std::int64_t await_resume() const { return result; }
  void cancel(Error) override { io_.cancel(*this); }

 private:
  Io& io_;
};

// One shard or one peer: its own Io, reactor and tasks.
struct Node {
  explicit Node(SimNetwork& network) : io(network), reactor(io, network.random().next()), scope(reactor) {}
  SimIo io;
  Reactor reactor;
  Scope scope;
};

// Sends back what it receives until the end.
Task<void> echo(Node& node, Handle handle) {
  while (true) {
    AwaitedOp receiving(node.io, Op::Kind::receive, handle);
    const std::int64_t count = co_await receiving;
    if (count <= 0) break;
    std::string bytes(receiving.data, static_cast<std::size_t>(count));
    AwaitedOp sending(node.io, Op::Kind::send, handle);
    sending.data = bytes.data();
    sending.size = bytes.size();
    if (co_await sending < 0) break;
  }
  node.io.close(handle, false);
}

Task<void> serve(Node& node, Handle listener, int& accepted) {
  while (true) {
    AwaitedOp accepting(node.io, Op::Kind::accept, listener);
    const std::int64_t handle = co_await accepting;
    if (handle < 0) break;
    ++accepted;
    node.scope.spawn(echo(node, static_cast<Handle>(handle)));
  }
  node.io.close(listener, false);
}

struct Call {
  std::int64_t connected = 1;
  std::int64_t sent = 1;
  std::int64_t ended = 1;  // result of the last receive
  std::string received;
  bool done = false;
};

// Sends `text`, half-closes, and reads to the end.
Task<void> call(Node& node, SocketAddress address, std::string text, Call& outcome) {
  const Handle handle = node.io.open(address).value();
  AwaitedOp connecting(node.io, Op::Kind::connect, handle);
  connecting.data = reinterpret_cast<char*>(&address);
  outcome.connected = co_await connecting;
  if (outcome.connected == 0) {
    AwaitedOp sending(node.io, Op::Kind::send, handle);
    sending.data = text.data();
    sending.size = text.size();
    outcome.sent = co_await sending;
    node.io.shut_down_sending(handle);
    while (true) {
      AwaitedOp receiving(node.io, Op::Kind::receive, handle);
      outcome.ended = co_await receiving;
      if (outcome.ended <= 0) break;
      outcome.received.append(receiving.data, static_cast<std::size_t>(outcome.ended));
    }
  }
  node.io.close(handle, false);
  outcome.done = true;
}

class SimNetworkTest : public testing::Test {
 protected:
  void start(std::uint64_t seed, const SimFaults& faults, int shards = 1) {
    network_ = std::make_unique<SimNetwork>(seed);
    network_->faults() = faults;
    world_ = std::make_unique<SimWorld>(*network_);
    accepted_.assign(static_cast<std::size_t>(shards), 0);
    for (int shard = 0; shard <= shards; ++shard) {
      nodes_.push_back(std::make_unique<Node>(*network_));
      world_->add(nodes_.back()->reactor);
    }
    address_ = address_with_port(8080);
    for (std::size_t shard = 0; shard < accepted_.size(); ++shard) {
      Node& node = *nodes_[shard];
      const Handle listener = node.io.listen(address_, {.reuse_port = true}).value();
      node.scope.spawn(serve(node, listener, accepted_[shard]));
    }
  }
  Node& client() { return *nodes_.back(); }
  // Many calls at once; those that hang are canceled after a while.
  std::vector<Call> call_many(int count, std::size_t bytes = 300) {
    std::vector<Call> calls(static_cast<std::size_t>(count));
    for (int number = 0; number < count; ++number) {
      client().scope.spawn(
          call(client(), address_, std::string(bytes, static_cast<char>('a' + number % 26)), calls[number]));
    }
    world_->run_until([&] { return client().scope.running() == 0; }, 1min);
    finish();
    return calls;
  }
  void finish() {
    for (auto& node : nodes_) node->scope.cancel(gateway_error(Code::draining));
    world_->run_for(1min);
    for (auto& node : nodes_) {
      EXPECT_EQ(node->scope.running(), 0U);
      EXPECT_EQ(node->io.open_handles(), 0U);
    }
    EXPECT_EQ(network_->open_handles(), 0U) << network_->describe_open();
    EXPECT_EQ(network_->bytes_in_flight(), 0U);
  }
  void TearDown() override { forget(); }
  void forget() {
    nodes_.clear();
    world_.reset();
    network_.reset();
  }

  std::unique_ptr<SimNetwork> network_;
  std::unique_ptr<SimWorld> world_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<int> accepted_;
  SocketAddress address_;
};

constexpr SimFaults everything{.refuse_connect = 0.1,
                               .hang_connect = 0.05,
                               .reset = 0.2,
                               .vanish = 0.1,
                               .partial_read = 0.3,
                               .partial_write = 0.3,
                               .delay = 0.3,
                               .split = 0.3,
                               .defer_completion = 0.5,
                               .latency = 1ms};

TEST_F(SimNetworkTest, calm_network_echoes_everything) {
  start(1, {.latency = 1ms}, 2);
  for (const Call& outcome : call_many(50, 60'000)) {
    EXPECT_EQ(outcome.connected, 0);
    EXPECT_EQ(outcome.ended, 0);
    EXPECT_EQ(outcome.received.size(), 60'000U);
  }
}

TEST_F(SimNetworkTest, reuse_port_spreads_connections_over_shards) {
  start(1, {}, 4);
  call_many(400);
  for (const int accepted : accepted_) {
    EXPECT_GT(accepted, 60);
    EXPECT_LT(accepted, 140);
  }
}

TEST_F(SimNetworkTest, same_seed_same_trace) {
  std::vector<std::uint64_t> traces;
  for (const std::uint64_t seed : {7U, 7U, 8U}) {
    start(seed, everything, 3);
    call_many(100, 2000);
    traces.push_back(network_->trace());
    forget();
  }
  EXPECT_EQ(traces[0], traces[1]);
  EXPECT_NE(traces[0], traces[2]);
}

// With every fault at once nothing hangs for ever, nothing leaks, and what arrives is a beginning of what was sent.
TEST_F(SimNetworkTest, faults_cut_and_delay_but_never_change_bytes) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    start(seed, everything, 2);
    const std::vector<Call> calls = call_many(40, 3000);
    int whole = 0;
    for (std::size_t number = 0; number < calls.size(); ++number) {
      const std::string sent(3000, static_cast<char>('a' + number % 26));
      EXPECT_TRUE(calls[number].done);
      EXPECT_TRUE(sent.starts_with(calls[number].received));
      whole += calls[number].received.size() == sent.size() ? 1 : 0;
      if (calls[number].ended == 0 && calls[number].sent == 3000) {
        EXPECT_EQ(calls[number].received.size(), 3000U) << "an orderly end before all bytes";
      }
    }
    EXPECT_GT(whole, 5);
    EXPECT_LT(whole, 40);
    forget();
  }
}

TEST_F(SimNetworkTest, each_fault_shows_as_its_error) {
  start(1, {.refuse_connect = 1});
  EXPECT_EQ(call_many(1)[0].connected, -ECONNREFUSED);
  forget();
  start(1, {.hang_connect = 1});
  EXPECT_EQ(call_many(1)[0].connected, -ECANCELED);
  forget();
  start(1, {.vanish = 1, .latency = 1ms, .fate_within = 1ms, .fate_bytes = 1});
  EXPECT_EQ(call_many(1)[0].ended, -ECANCELED);
  forget();
  start(1, {.reset = 1, .latency = 1ms, .fate_bytes = 1000});
  int resets = 0;
  for (const Call& outcome : call_many(50, 5000))
    resets += outcome.ended == -ECONNRESET || outcome.sent == -ECONNRESET ? 1 : 0;
  EXPECT_GT(resets, 10);
}

TEST_F(SimNetworkTest, faults_can_belong_to_one_address) {
  start(1, {});
  network_->faults_at(address_with_port(9090)).refuse_connect = 1;
  const Handle other = client().io.listen(address_with_port(9090), {}).value();
  Call refused;
  client().scope.spawn(call(client(), address_with_port(9090), "x", refused));
  world_->run_until([&] { return refused.done; });
  EXPECT_EQ(refused.connected, -ECONNREFUSED);
  client().io.close(other, false);
  EXPECT_EQ(call_many(1)[0].connected, 0);
}

TEST_F(SimNetworkTest, latency_is_virtual_time) {
  start(1, {.latency = 100ms});
  const Time begin = network_->now();
  Call outcome;
  client().scope.spawn(call(client(), address_, "x", outcome));
  world_->run_until([&] { return outcome.done; });
  EXPECT_EQ(network_->now(), begin + 400ms);  // connect and answer, bytes and echo
  finish();
}

TEST_F(SimNetworkTest, full_backlog_lets_connects_wait) {
  start(1, {.latency = 1ms});
  const SocketAddress address = address_with_port(9090);
  const Handle listener = client().io.listen(address, {.backlog = 1}).value();
  Call first, second;
  client().scope.spawn(call(client(), address, "x", first));
  client().scope.spawn(call(client(), address, "x", second));
  world_->run_for(10s);
  EXPECT_EQ(first.connected + second.connected, 1) << "one is connected, the other waits";
  int accepted = 0;
  client().scope.spawn(serve(client(), listener, accepted));
  world_->run_until([&] { return first.done && second.done; });
  EXPECT_EQ(accepted, 2);
  finish();
}

TEST_F(SimNetworkTest, reset_is_reported_once_and_then_reads_as_an_end) {
  start(1, {});
  const Handle handle = client().io.open(address_).value();
  AwaitedOp connecting(client().io, Op::Kind::connect, handle);
  const auto connect = [](AwaitedOp& operation) -> Task<void> { co_await operation; };
  client().scope.spawn(connect(connecting));
  world_->settle();
  network_->reset(handle);
  world_->settle();
  const iovec piece{.iov_base = const_cast<char*>("x"), .iov_len = 1};
  EXPECT_EQ(client().io.try_send(handle, {&piece, 1}), -ECONNRESET);
  EXPECT_EQ(client().io.try_send(handle, {&piece, 1}), -EPIPE);
  AwaitedOp receiving(client().io, Op::Kind::receive, handle);
  EXPECT_TRUE(client().io.submit(receiving));
  EXPECT_EQ(receiving.result, 0) << "Linux: an error already told reads as an end";
  client().io.close(handle, false);
  finish();
}

// A server that answers an upload it does not read, and closes: what it said arrives before the reset that the rest of
// the upload meets.
TEST(SimNetworkOrder, reset_for_bytes_behind_a_close_does_not_overtake_the_answer) {
  SimNetwork network(1);
  network.faults().latency = 1ms;
  SimWorld world(network);
  Node server(network);
  Node client(network);
  world.add(server.reactor);
  world.add(client.reactor);
  const Handle listener = server.io.listen(address_with_port(80), {}).value();
  const Handle mine = client.io.open(address_with_port(80)).value();
  AwaitedOp connecting(client.io, Op::Kind::connect, mine);
  const auto wait_for = [](AwaitedOp& operation) -> Task<void> { co_await operation; };
  client.scope.spawn(wait_for(connecting));
  world.run_for(5ms);
  ASSERT_TRUE(server.io.readable(listener)) << "a connection waits to be accepted";
  AwaitedOp accepting(server.io, Op::Kind::accept, listener);
  ASSERT_TRUE(server.io.submit(accepting));
  EXPECT_FALSE(server.io.readable(listener));
  const auto theirs = static_cast<Handle>(accepting.result);

  const auto say = [](Node& node, Handle handle, std::string_view words) {
    const iovec piece{.iov_base = const_cast<char*>(words.data()), .iov_len = words.size()};
    return node.io.try_send(handle, {&piece, 1});
  };
  EXPECT_EQ(say(client, mine, "first"), 5);
  world.run_for(500us);
  EXPECT_EQ(say(client, mine, "second"), 6);
  world.run_for(500us);
  EXPECT_EQ(say(server, theirs, "answer"), 6);
  server.io.close(theirs, false);
  world.run_for(5ms);

  AwaitedOp receiving(client.io, Op::Kind::receive, mine);
  ASSERT_TRUE(client.io.submit(receiving));
  EXPECT_EQ(receiving.result, 6);
  AwaitedOp behind(client.io, Op::Kind::receive, mine);
  ASSERT_TRUE(client.io.submit(behind));
  EXPECT_EQ(behind.result, -ECONNRESET);
  client.io.close(mine, false);
  server.io.close(listener, false);
  world.run_for(5ms);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_SCRATCH_IS_POISONED 1
#endif
#endif

Task<void> keep_loan(Node& node, Handle handle, const char*& kept, std::size_t& bytes) {
  AwaitedOp receiving(node.io, Op::Kind::receive, handle);
  bytes = static_cast<std::size_t>(co_await receiving);
  kept = receiving.data;  // the mistake: it outlives the next suspension
  co_await Sleep(node.reactor, 1ms);
}

TEST_F(SimNetworkTest, loan_that_is_kept_is_overwritten) {
  start(1, {});
  const Handle handle = client().io.open(address_).value();
  AwaitedOp connecting(client().io, Op::Kind::connect, handle);
  const auto connect = [](AwaitedOp& operation) -> Task<void> { co_await operation; };
  client().scope.spawn(connect(connecting));
  world_->settle();
  const char* kept = nullptr;
  std::size_t bytes = 0;
  client().scope.spawn(keep_loan(client(), handle, kept, bytes));
  const iovec piece{.iov_base = const_cast<char*>("secret"), .iov_len = 6};
  EXPECT_EQ(client().io.try_send(handle, {&piece, 1}), 6);  // comes back as an echo
  world_->settle();
  ASSERT_EQ(bytes, 6U);
#ifdef WEIR_SCRATCH_IS_POISONED
  EXPECT_DEATH(static_cast<void>(std::string(kept, 6)), "use-after-poison");
#else
  EXPECT_EQ(std::string(kept, 6), std::string(6, '\xDD'));
#endif
  world_->run_for(1s);
  client().io.close(handle, false);
  finish();
}

TEST_F(SimNetworkTest, forgotten_handle_is_seen) {
  start(1, {});
  const Handle forgotten = client().io.open(address_).value();
  EXPECT_EQ(client().io.open_handles(), 1U);
  EXPECT_NE(network_->describe_open().find("127.0.0.1:8080"), std::string::npos);
  client().io.close(forgotten, false);
  finish();
}

}  // namespace
}  // namespace weir
