// Datagrams of many senders on one socket, on the kernel and on the simulated network: what both have to keep.
#include "runtime/datagrams.h"

#include "runtime/datagram_calls.h"
#include "runtime/io_conformance.h"

namespace weir::conformance {
namespace {

class DatagramConformance : public testing::TestWithParam<BackendCase> {
 protected:
  DatagramConformance() : world_(GetParam().make()) {
    const auto listening = many().listen_datagrams(loopback(), false);
    EXPECT_TRUE(listening);
    listener_ = *listening;
    address_ = io().local_address(listener_);
    io().watch(listener_, &watcher_);
  }
  ~DatagramConformance() override {
    for (const Handle each : clients_) io().close(each, false);
    io().close(listener_, false);
    world_->calm(sink_);
  }

  Io& io() { return world_->io(); }
  Io& many() { return world_->io(); }

  Handle client() {
    const auto opened = io().open(address_, SocketKind::datagram);
    EXPECT_TRUE(opened);
    clients_.push_back(*opened);
    TestOp connecting(Op::Kind::connect, *opened);
    SocketAddress to = address_;
    connecting.data = reinterpret_cast<char*>(&to);
    if (io().submit(connecting)) sink_.complete(connecting);
    EXPECT_TRUE(world_->drive(sink_, [&] { return connecting.completions > 0; }));
    return *opened;
  }
  void say(Handle from, std::string_view datagram) {
    const iovec piece{.iov_base = const_cast<char*>(datagram.data()), .iov_len = datagram.size()};
    EXPECT_EQ(io().try_send(from, {&piece, 1}), static_cast<std::int64_t>(datagram.size()));
  }
  /// The next datagram; empty when none is there.
  std::string take(DatagramEnds& ends) {
    std::array<char, 100> room;
    const std::int64_t count = many().receive_from(listener_, room, ends);
    return count < 0 ? "" : std::string(room.data(), static_cast<std::size_t>(count));
  }
  std::string hear(DatagramEnds& ends) {
    std::string heard;
    EXPECT_TRUE(world_->drive(sink_, [&] {
      if (heard.empty()) heard = take(ends);
      return !heard.empty();
    }));
    return heard;
  }
  std::string hear_at(Handle who) {
    TestOp receiving(Op::Kind::receive, who);
    if (io().submit(receiving)) sink_.complete(receiving);
    EXPECT_TRUE(world_->drive(sink_, [&] { return receiving.completions > 0; }));
    return receiving.bytes;
  }

  std::unique_ptr<World> world_;
  CountingSink sink_;
  CountingWatcher watcher_;
  Handle listener_ = Handle::none;
  SocketAddress address_;
  std::vector<Handle> clients_;
};

TEST_P(DatagramConformance, each_datagram_keeps_its_bounds_and_says_who_sent_it) {
  const Handle one = client();
  const Handle two = client();
  say(one, "first");
  say(one, "second");
  DatagramEnds of_one;
  EXPECT_EQ(hear(of_one), "first");
  DatagramEnds again;
  EXPECT_EQ(hear(again), "second");
  EXPECT_EQ(again, of_one);
  EXPECT_EQ(of_one.peer, io().local_address(one));
  EXPECT_EQ(of_one.own, own_of(address_));
  say(two, "third");
  DatagramEnds of_two;
  EXPECT_EQ(hear(of_two), "third");
  EXPECT_NE(of_two.peer, of_one.peer);
}

TEST_P(DatagramConformance, answers_reach_who_asked) {
  const Handle one = client();
  const Handle two = client();
  say(one, "from one");
  say(two, "from two");
  for (int left = 2; left > 0; --left) {
    DatagramEnds ends;
    const std::string heard = hear(ends);
    const std::string answer = "to " + heard.substr(5);
    EXPECT_EQ(many().send_to(listener_, answer, ends), static_cast<std::int64_t>(answer.size()));
  }
  EXPECT_EQ(hear_at(one), "to one");
  EXPECT_EQ(hear_at(two), "to two");
}

TEST_P(DatagramConformance, who_watches_is_told_of_what_comes_after_all_was_taken) {
  const Handle one = client();
  say(one, "a");
  DatagramEnds ends;
  hear(ends);
  EXPECT_EQ(take(ends), "");
  const int told = watcher_.calls;
  say(one, "b");
  EXPECT_TRUE(world_->drive(sink_, [&] { return watcher_.calls > told; }));
  EXPECT_EQ(take(ends), "b");
}

TEST_P(DatagramConformance, an_empty_one_is_one) {
  const Handle one = client();
  say(one, "");
  say(one, "behind it");
  std::array<char, 100> room{};
  DatagramEnds ends;
  std::int64_t count = -EAGAIN;
  EXPECT_TRUE(world_->drive(sink_, [&] {
    if (count == -EAGAIN) count = many().receive_from(listener_, room, ends);
    return count != -EAGAIN;
  }));
  EXPECT_EQ(count, 0);
  EXPECT_EQ(ends.peer, io().local_address(one));
  EXPECT_EQ(hear(ends), "behind it");
}

/// On all addresses of the machine, and a client that asks 127.0.0.2 and takes answers from nobody else.
class KernelDatagrams : public testing::TestWithParam<int> {};

TEST_P(KernelDatagrams, an_answer_comes_from_the_address_that_was_asked) {
  KernelWorld world;
  CountingSink sink;
  CountingWatcher watcher;
  SocketAddress everywhere;
  everywhere.storage.ss_family = static_cast<sa_family_t>(GetParam());
  everywhere.length = GetParam() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  const auto listener = world.io().listen_datagrams(everywhere, false);
  ASSERT_TRUE(listener);
  world.io().watch(*listener, &watcher);

  const SocketAddress bound = world.io().local_address(*listener);
  SocketAddress asked = loopback();
  auto& v4 = reinterpret_cast<sockaddr_in&>(asked.storage);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  v4.sin_port = GetParam() == AF_INET ? reinterpret_cast<const sockaddr_in*>(bound.raw())->sin_port
                                      : reinterpret_cast<const sockaddr_in6*>(bound.raw())->sin6_port;
  const auto client = world.io().open(asked, SocketKind::datagram);
  ASSERT_TRUE(client);
  TestOp connecting(Op::Kind::connect, *client);
  connecting.data = reinterpret_cast<char*>(&asked);
  if (world.io().submit(connecting)) sink.complete(connecting);
  EXPECT_TRUE(world.drive(sink, [&] { return connecting.completions > 0; }));

  const std::string_view said = "who are you?";
  const iovec piece{.iov_base = const_cast<char*>(said.data()), .iov_len = said.size()};
  EXPECT_EQ(world.io().try_send(*client, {&piece, 1}), static_cast<std::int64_t>(said.size()));
  std::array<char, 100> room{};
  DatagramEnds ends;
  std::int64_t count = 0;
  EXPECT_TRUE(world.drive(sink, [&] {
    if (count <= 0) count = world.io().receive_from(*listener, room, ends);
    return count > 0;
  }));
  EXPECT_EQ(ends.own, own_of(asked));
  EXPECT_GT(world.io().send_to(*listener, "127.0.0.2", ends), 0);
  TestOp receiving(Op::Kind::receive, *client);
  if (world.io().submit(receiving)) sink.complete(receiving);
  EXPECT_TRUE(world.drive(sink, [&] { return receiving.completions > 0; }));
  EXPECT_EQ(receiving.bytes, "127.0.0.2");
  world.io().close(*client, false);
  world.io().close(*listener, false);
}

INSTANTIATE_TEST_SUITE_P(Families, KernelDatagrams, testing::Values(AF_INET, AF_INET6),
                         [](const auto& info) { return info.param == AF_INET ? "v4" : "v6"; });

INSTANTIATE_TEST_SUITE_P(
    Backends, DatagramConformance,
    testing::Values(BackendCase{"kernel", [] { return std::make_unique<KernelWorld>(); }, false},
                    BackendCase{"simulated", [] { return std::make_unique<SimulatedWorld>(calm_network()); }, false}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace weir::conformance
