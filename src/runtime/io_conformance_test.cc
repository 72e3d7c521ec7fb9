// One suite, every backend: what io.h promises, asked of the kernel and of the simulation.
//
// Here: connections, bytes, their ends, and ops that are canceled. What waits for news, and everything at once, is in
// io_conformance_waiting_test.cc.
#include "runtime/io_conformance.h"

#include <cerrno>

namespace weir::conformance {
namespace {

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

TEST_P(IoConformance, file_is_sent_from_where_it_was_asked_for_and_waits_for_the_reader) {
  connect_pair();
  const TestFile file(8 << 20);
  TestOp sending(Op::Kind::send_file, client_);
  sending.file = file.descriptor();
  sending.file_offset = 1000;
  sending.size = file.bytes().size() - 1500;
  EXPECT_FALSE(submit(sending)) << "8 MiB fit into the socket buffers";
  world_->calm(sink_);
  EXPECT_EQ(sending.completions, 0) << "completed although nobody reads";
  EXPECT_EQ(receive_exactly(server_, file.bytes().size() - 1500),
            file.bytes().substr(1000, file.bytes().size() - 1500));
  ASSERT_TRUE(ended(sending));
  EXPECT_EQ(sending.completions, 1);
  EXPECT_EQ(sending.result, static_cast<std::int64_t>(file.bytes().size() - 1500));
}

TEST_P(IoConformance, file_follows_the_bytes_that_were_sent_before_more) {
  connect_pair();
  const TestFile file(100);
  const std::string head = "head\n";
  const iovec piece{.iov_base = const_cast<char*>(head.data()), .iov_len = head.size()};
  ASSERT_EQ(io().try_send(client_, {&piece, 1}, true), static_cast<std::int64_t>(head.size()));
  TestOp sending(Op::Kind::send_file, client_);
  sending.file = file.descriptor();
  sending.size = 100;
  EXPECT_EQ(run(sending), 100);
  EXPECT_EQ(receive_exactly(server_, head.size() + 100), head + file.bytes());
}

TEST_P(IoConformance, file_that_is_too_short_is_an_error) {
  connect_pair();
  const TestFile file(100);
  TestOp sending(Op::Kind::send_file, client_);
  sending.file = file.descriptor();
  sending.size = 101;
  EXPECT_EQ(run(sending), -ENODATA);
  EXPECT_EQ(receive_exactly(server_, 100), file.bytes()) << "what was there has been sent";
}

TEST_P(IoConformance, canceled_send_of_a_file_completes_exactly_once) {
  connect_pair();
  const TestFile file(8 << 20);
  TestOp sending(Op::Kind::send_file, client_);
  sending.file = file.descriptor();
  sending.size = file.bytes().size();
  EXPECT_FALSE(submit(sending));
  io().cancel(sending);
  ASSERT_TRUE(ended(sending));
  EXPECT_EQ(sending.result, -ECANCELED);
  world_->calm(sink_);
  EXPECT_EQ(sending.completions, 1);
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

INSTANTIATE_TEST_SUITE_P(
    Backends, IoConformance,
    testing::Values(BackendCase{"epoll_tcp", [] { return std::make_unique<KernelWorld>(); }, false},
                    BackendCase{"epoll_unix", [] { return std::make_unique<KernelWorld>(); }, true},
                    BackendCase{"sim_tcp", [] { return std::make_unique<SimulatedWorld>(calm_network()); }, false},
                    BackendCase{"sim_unix", [] { return std::make_unique<SimulatedWorld>(calm_network()); }, true},
                    BackendCase{"sim_rough", [] { return std::make_unique<SimulatedWorld>(rough_network()); }, false}),
    [](const auto& backend) { return std::string(backend.param.name); });

}  // namespace
}  // namespace weir::conformance
