// Requests are seen by their clients and routes, whatever core they came to.
#include "observers/heavy_traffic/heavy_traffic.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_exchange.h"

namespace weir {
namespace {

void end_some(HeavyTraffic& traffic, TestShard& shard, std::string_view client, std::string_view route, int times) {
  for (int time = 0; time < times; ++time) {
    TestExchange test(shard);
    test.client(client);
    test.exchange.route_name = route;
    traffic.ended(test.exchange, {.status = 200});
  }
}

TEST(HeavyTraffic, tells_clients_and_routes_the_heaviest_first) {
  HeavyTraffic traffic;
  TestShard shard;
  end_some(traffic, shard, "192.0.2.7", "cart", 5);
  end_some(traffic, shard, "192.0.2.8", "", 3);
  const Time now = shard.shard().reactor.now();
  const HeavyReport clients = traffic.clients(now, 10);
  ASSERT_EQ(clients.keys.size(), 2U);
  EXPECT_EQ(clients.total, 8U);
  EXPECT_EQ(clients.keys[0].text, "192.0.2.7");
  EXPECT_EQ(clients.keys[0].at_least, 5U);
  const HeavyReport routes = traffic.routes(now, 1);
  ASSERT_EQ(routes.keys.size(), 1U);
  EXPECT_EQ(routes.keys[0].text, "cart");
  EXPECT_EQ(routes.others_at_most, 3U);
  EXPECT_EQ(traffic.routes(now, 2).keys[1].text, "none");
}

TEST(HeavyTraffic, one_network_of_ipv6_is_one_client) {
  HeavyTraffic traffic;
  TestShard shard;
  end_some(traffic, shard, "2001:db8::1", "cart", 2);
  end_some(traffic, shard, "2001:db8::2", "cart", 2);
  const HeavyReport clients = traffic.clients(shard.shard().reactor.now(), 10);
  ASSERT_EQ(clients.keys.size(), 1U);
  EXPECT_EQ(clients.keys[0].text, "2001:db8::/64");
  EXPECT_EQ(clients.keys[0].at_least, 4U);
}

TEST(HeavyTraffic, whoever_comes_over_a_unix_socket_is_one_client) {
  HeavyTraffic traffic;
  TestShard shard;
  TestExchange test(shard);
  test.exchange.client.over_unix = true;
  traffic.ended(test.exchange, {.status = 200});
  EXPECT_EQ(traffic.clients(shard.shard().reactor.now(), 10).keys.at(0).text, "over a unix socket");
}

}  // namespace
}  // namespace weir
