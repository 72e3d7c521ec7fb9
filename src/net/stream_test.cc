// A connection over the loopback interface, with the kernel behind it: what only the real backend can get wrong.
#include "net/stream.h"

#include <gtest/gtest.h>

#include "net/address.h"
#include "net/connect.h"
#include "net/listener.h"
#include "runtime/epoll_io.h"
#include "runtime/scope.h"

namespace weir {
namespace {

Task<void> hear(Reactor& reactor, UpstreamAddress address, std::unique_ptr<Stream>& stream,
                Result<std::span<char>>& heard) {
  auto connected = co_await connect(reactor, address, std::chrono::seconds{5});
  if (!connected) co_return;
  stream = std::move(*connected);
  heard = co_await stream->receive(no_limit);
}

// A request is given up as a whole, and its upload gives up the answer at the same moment.
TEST(Stream, a_receive_that_is_given_up_twice_at_once_ends) {
  EpollIo io;
  Reactor reactor(io, 1);
  const auto opened = Listener::open(reactor, *socket_address(*parse_endpoint("127.0.0.1:0")), {});
  ASSERT_TRUE(opened);
  const Listener listener(reactor, *opened);
  std::unique_ptr<Stream> stream;
  Result<std::span<char>> heard;
  Scope scope(reactor);
  scope.spawn(hear(reactor, {io.local_address(*opened)}, stream, heard));
  for (int turn = 0; turn < 100 && stream == nullptr; ++turn)
    reactor.turn(reactor.now() + std::chrono::milliseconds{50});
  ASSERT_NE(stream, nullptr);
  scope.cancel(client_error(Code::peer_reset));
  stream->interrupt_receive(client_error(Code::bad_length));
  for (int turn = 0; turn < 10 && scope.running() > 0; ++turn) reactor.turn(reactor.now());
  EXPECT_EQ(scope.running(), 0U);
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().code, Code::peer_reset);
  stream.reset();
}

}  // namespace
}  // namespace weir
