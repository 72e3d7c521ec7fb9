// What epoll alone decides: who is served first when much has arrived at once.
#include "runtime/epoll_io.h"

#include <cerrno>
#include <deque>
#include <vector>

#include "runtime/io_conformance.h"

namespace weir {
namespace {

using conformance::CountingSink;
using conformance::TestOp;

struct OrderedSink final : CompletionSink {
  std::vector<const Op*> order;
  void awake() override {}
  void complete(Op& op) override {
    op.parked = false;
    ++static_cast<TestOp&>(op).completions;
    order.push_back(&op);
  }
};

/// Many connections whose peers have written, and a receive parked on each.
class Crowd : public testing::Test {
 protected:
  void SetUp() override { listener_ = *io_.listen(conformance::loopback(), {}); }

  struct Pair {
    Handle ours;
    Handle theirs;
  };
  Pair connect() {
    SocketAddress address = io_.local_address(listener_);
    TestOp connecting(Op::Kind::connect, *io_.open(address));
    connecting.data = reinterpret_cast<char*>(&address);
    TestOp accepting(Op::Kind::accept, listener_);
    const bool accepted = io_.submit(accepting);
    const bool connected = io_.submit(connecting);
    CountingSink sink;
    while ((!accepted && accepting.completions == 0) || (!connected && connecting.completions == 0)) {
      io_.wait(io_.now() + std::chrono::seconds{1}, sink);
    }
    io_.wait(io_.now(), sink);  // the news that both can be written to
    return {.ours = static_cast<Handle>(accepting.result), .theirs = connecting.handle};
  }

  TestOp& park_receive(Handle handle, Urgency urgency) {
    TestOp& op = ops_.emplace_back(Op::Kind::receive, handle);
    op.urgency = urgency;
    EXPECT_FALSE(io_.submit(op));
    return op;
  }
  void write(Handle handle) {
    char byte = '!';
    const iovec piece{.iov_base = &byte, .iov_len = 1};
    EXPECT_EQ(io_.try_send(handle, {&piece, 1}), 1);
  }
  std::size_t served() const {
    return static_cast<std::size_t>(std::ranges::count_if(ops_, [](const TestOp& op) { return op.completions > 0; }));
  }
  std::size_t wait() { return io_.wait(io_.now() + std::chrono::seconds{1}, sink_); }

  EpollIo io_;
  Handle listener_{};
  std::deque<TestOp> ops_;
  OrderedSink sink_;
};

/// Somebody else's socket, as the kernel has it.
class StrangerSocket {
 public:
  StrangerSocket() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    address_ = conformance::loopback();
    EXPECT_EQ(::bind(fd_, address_.raw(), address_.length), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address_.storage), &address_.length), 0);
  }
  StrangerSocket(const StrangerSocket&) = delete;
  StrangerSocket& operator=(const StrangerSocket&) = delete;
  ~StrangerSocket() { ::close(fd_); }

  [[nodiscard]] const SocketAddress& address() const { return address_; }
  void send(const SocketAddress& to, std::string_view bytes) const {
    EXPECT_EQ(::sendto(fd_, bytes.data(), bytes.size(), 0, to.raw(), to.length), static_cast<ssize_t>(bytes.size()));
  }

 private:
  int fd_;
  SocketAddress address_;
};

TEST_F(Crowd, datagrams_that_arrive_at_once_are_all_read_and_strangers_are_not_heard) {
  const StrangerSocket friendly;
  const StrangerSocket stranger;
  SocketAddress address = friendly.address();
  TestOp connecting(Op::Kind::connect, *io_.open(address, SocketKind::datagram));
  connecting.data = reinterpret_cast<char*>(&address);
  ASSERT_TRUE(io_.submit(connecting));
  ASSERT_EQ(connecting.result, 0);
  const SocketAddress ours = io_.local_address(connecting.handle);
  stranger.send(ours, "evil");
  friendly.send(ours, "one");
  friendly.send(ours, "two");
  CountingSink sink;
  for (const std::string_view expected : {"one", "two"}) {
    TestOp receiving(Op::Kind::receive, connecting.handle);
    if (io_.submit(receiving)) sink.complete(receiving);
    while (receiving.completions == 0) io_.wait(io_.now() + std::chrono::seconds{1}, sink);
    EXPECT_EQ(receiving.bytes, expected);
  }
  io_.close(connecting.handle, false);
}

TEST_F(Crowd, what_is_begun_goes_before_what_begins_and_nobody_starves) {
  constexpr std::size_t requests = 40;
  std::vector<Pair> clients;
  for (std::size_t at = 0; at < requests; ++at) clients.push_back(connect());
  const Pair upstream = connect();
  for (const Pair& client : clients) park_receive(client.ours, Urgency::begins);
  const TestOp& answer = park_receive(upstream.ours, Urgency::continues);
  for (const Pair& client : clients) write(client.theirs);
  write(upstream.theirs);  // last to arrive

  ASSERT_GT(wait(), 0U);
  ASSERT_FALSE(sink_.order.empty());
  EXPECT_EQ(sink_.order.front(), &answer);
  EXPECT_LT(sink_.order.size(), requests) << "a turn begins a few requests, not all";

  while (sink_.order.size() < requests + 1) ASSERT_GT(wait(), 0U);
  for (std::size_t at = 0; at < requests; ++at) EXPECT_EQ(sink_.order[at + 1], &ops_[at]) << "in their order";
}

TEST_F(Crowd, who_gave_up_in_the_line_ends_once) {
  std::vector<Pair> clients;
  for (int at = 0; at < 40; ++at) clients.push_back(connect());
  for (const Pair& client : clients) park_receive(client.ours, Urgency::begins);
  for (const Pair& client : clients) write(client.theirs);
  wait();
  TestOp& last = ops_.back();
  ASSERT_EQ(last.completions, 0);
  io_.cancel(last);
  while (sink_.order.size() < clients.size()) ASSERT_GT(wait(), 0U);
  EXPECT_EQ(last.completions, 1);
  EXPECT_EQ(last.result, -ECANCELED);
}

TEST_F(Crowd, a_place_in_the_line_is_not_inherited_by_the_next_socket_of_that_number) {
  std::vector<Pair> clients;
  for (int at = 0; at < 40; ++at) clients.push_back(connect());
  for (const Pair& client : clients) park_receive(client.ours, Urgency::begins);
  for (const Pair& client : clients) write(client.theirs);
  wait();
  ASSERT_EQ(ops_.back().completions, 0);
  io_.close(clients.back().ours, false);
  const Pair next = connect();
  ASSERT_EQ(next.theirs, clients.back().ours) << "the kernel gives the lowest free number";
  const TestOp& silent = park_receive(next.theirs, Urgency::begins);
  while (served() < clients.size()) ASSERT_GT(wait(), 0U);
  io_.wait(io_.now(), sink_);
  EXPECT_EQ(silent.completions, 0) << "nothing was sent to it";
}

}  // namespace
}  // namespace weir
