// What a server's datagrams are to the relay, on the simulated network.
#include "protocols/udp/protocol.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_exchange.h"

namespace weir::udp {
namespace {

using namespace std::chrono_literals;

class Owner final : public LeaseOwner {
 public:
  void give_back(ClientSession&, bool healthy) override { (healthy ? healthy_leases : condemned_leases) += 1; }
  int healthy_leases = 0;
  int condemned_leases = 0;
};

struct Heard {
  std::vector<std::string> datagrams;
  Result<void> end;
};

class UdpProtocol : public testing::Test {
 protected:
  /// Asks once and hears what comes until nothing has come for a second.
  Task<Heard> converse(TestExchange& asked) {
    Shard& shard = test.shard();
    auto session = co_await client_protocol().connect(shard, {server}, {}, nullptr);
    auto answer = co_await (*session)->send(asked.exchange, asked.exchange.request, nullptr, {}, {owner, **session});
    EXPECT_EQ(answer->head.status, 101);
    static_cast<void>(co_await answer->tunnel->send("question", 1s));
    Heard heard;
    while (true) {
      const auto datagram = co_await answer->tunnel->receive(1s);
      if (!datagram) {
        heard.end = fail(datagram.error());
        break;
      }
      heard.datagrams.emplace_back(*datagram);
      if (datagram->empty()) break;
    }
    answer->tunnel.reset();
    co_return heard;
  }

  TestShard test;
  Owner owner;
  SocketAddress server = *socket_address(*parse_endpoint("10.0.0.2:53"));
};

TEST_F(UdpProtocol, an_empty_datagram_is_dropped_and_ends_nothing) {
  test.network().serve_datagrams(server,
                                 [](std::string_view) { return std::vector<std::string>{"", "one", "", "", "two"}; });
  TestExchange asked(test);
  const Heard heard = test.run_to_end(converse(asked));
  EXPECT_EQ(heard.datagrams, (std::vector<std::string>{"one", "two"}));
  ASSERT_FALSE(heard.end);
  EXPECT_EQ(heard.end.error().code, Code::timed_out);
  EXPECT_EQ(test.shard().metrics.raw.datagrams_dropped.get(), 3U);
}

TEST_F(UdpProtocol, a_session_serves_one_exchange_which_knows_when_it_was_sent) {
  test.network().serve_datagrams(server,
                                 [](std::string_view asked) { return std::vector<std::string>{std::string(asked)}; });
  TestExchange asked(test);
  EXPECT_EQ(test.run_to_end(converse(asked)).datagrams, std::vector<std::string>{"question"});
  EXPECT_NE(asked.exchange.timings.upstream_sent, Time{});
  EXPECT_EQ(owner.healthy_leases, 0);
  EXPECT_EQ(owner.condemned_leases, 1);
}

}  // namespace
}  // namespace weir::udp
