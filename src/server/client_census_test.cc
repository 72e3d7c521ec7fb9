// Connections counted by client: exact from many threads, nothing kept of who has gone.
#include "server/client_census.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace weir {
namespace {

IpAddress address(std::string_view text) {
  return *IpAddress::parse(text);
}

// One client's maximum is nobody else's, and who leaves makes room.
TEST(ClientCensus, counts_each_client_for_itself) {
  ClientCensus census;
  EXPECT_TRUE(census.enter(address("192.0.2.7"), 2));
  EXPECT_TRUE(census.enter(address("192.0.2.7"), 2));
  EXPECT_FALSE(census.enter(address("192.0.2.7"), 2));
  EXPECT_TRUE(census.enter(address("192.0.2.8"), 2));
  census.leave(address("192.0.2.7"));
  EXPECT_TRUE(census.enter(address("192.0.2.7"), 2));
  EXPECT_FALSE(census.enter(address("192.0.2.9"), 0));
}

// Whoever holds nothing is forgotten: a scan of addresses leaves nothing behind.
TEST(ClientCensus, forgets_who_holds_nothing) {
  ClientCensus census;
  for (unsigned host = 0; host < 256; ++host) {
    const IpAddress client = address("10.0.0." + std::to_string(host));
    ASSERT_TRUE(census.enter(client, 1));
    EXPECT_EQ(census.held_by(client), 1U);
    census.leave(client);
  }
  EXPECT_EQ(census.clients(), 0U);
}

// Four threads fight for three places: never more than three are held, and all come back.
TEST(ClientCensus, never_passes_the_maximum_from_many_threads) {
  ClientCensus census;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  const auto knock = [&] {
    for (int round = 0; round < 20'000; ++round) {
      if (!census.enter(address("2001:db8::"), 3)) continue;
      const int now = inside.fetch_add(1) + 1;
      int seen = most.load();
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      inside.fetch_sub(1);
      census.leave(address("2001:db8::"));
    }
  };
  std::vector<std::jthread> threads;
  for (int number = 0; number < 4; ++number) threads.emplace_back(knock);
  threads.clear();
  EXPECT_LE(most.load(), 3);
  EXPECT_GE(most.load(), 1);
  EXPECT_EQ(census.clients(), 0U);
}

}  // namespace
}  // namespace weir
