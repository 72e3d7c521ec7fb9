// The name in a hello, over a network that cuts it anywhere, from clients that stop in the middle and from no clients
// at all; and all that came is left for the handshake.
#include "server/hello_name.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_shard.h"
#include "net/connect.h"
#include "net/listener.h"
#include "net/tls/client_context.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

struct Heard {
  std::string name;
  std::string arrived;
  Time at{};
};

class HelloName : public testing::Test {
 protected:
  static std::string hello(const std::string& name, std::vector<std::string> protocols = {"h2", "http/1.1"}) {
    const auto context =
        tls::ClientContext::make({.verify = false, .name = name, .protocols = std::move(protocols)}).value();
    tls::Workbench bench;
    const auto engine = context->connect(bench, nullptr);
    EXPECT_TRUE(engine->shake({}));
    return engine->owed();
  }
  /// A client says this, and then nothing more.
  Heard hear(const std::string& said) { return test.run_to_end(converse(said)); }

  Task<Heard> converse(std::string said) {
    Reactor& reactor = test.shard().reactor;
    const SocketAddress address = *socket_address(*parse_endpoint("10.0.0.1:443"));
    const Result<Handle> opened = Listener::open(reactor, address, {});
    Listener listener(reactor, *opened);
    const auto client = co_await connect(reactor, {address}, 1s);
    if (!said.empty()) static_cast<void>(co_await (*client)->send(said, 1s));
    const Result<Handle> accepted = co_await listener.accept();
    Stream stream(reactor, *accepted, Origin::client);
    Heard heard;
    heard.name = co_await hear_name(stream, 4s, heard.arrived);
    heard.at = reactor.now();
    co_return heard;
  }

  TestShard test;
};

TEST_F(HelloName, is_what_the_client_asks_for) {
  const std::string said = hello("shop.test");
  const Heard heard = hear(said);
  EXPECT_EQ(heard.name, "shop.test");
  EXPECT_EQ(heard.arrived, said);
}

TEST_F(HelloName, is_heard_however_it_is_cut) {
  test.network().faults() = {.partial_read = 0.5, .partial_write = 0.5, .split = 0.5, .partial_bytes = 7};
  const std::string said = hello("shop.test");
  for (int time = 0; time < 20; ++time) {
    const Heard heard = hear(said);
    EXPECT_EQ(heard.name, "shop.test");
    EXPECT_EQ(heard.arrived, said);
  }
}

TEST_F(HelloName, is_nobodys_where_a_proof_is_looked_for) {
  EXPECT_EQ(hear(hello("shop.test", {"acme-tls/1"})).name, "");
}

TEST_F(HelloName, is_not_waited_for_for_ever) {
  const std::string said = hello("shop.test");
  const Time began = test.shard().reactor.now();
  const Heard heard = hear(said.substr(0, said.size() - 1));
  EXPECT_EQ(heard.name, "");
  EXPECT_LT(heard.at - began, 5s);
  EXPECT_GE(heard.at - began, 4s);
}

TEST_F(HelloName, is_not_looked_for_in_what_is_no_hello) {
  const Time began = test.shard().reactor.now();
  EXPECT_EQ(hear("GET / HTTP/1.1\r\n\r\n").name, "");
  EXPECT_LT(test.shard().reactor.now() - began, 1s);
}

}  // namespace
}  // namespace weir
