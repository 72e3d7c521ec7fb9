// Options of the filter: what is wrong is said, with what to do about it.
#include "filters/limit/limit.h"

#include <gtest/gtest.h>

#include "filters/limit/redis/options.h"
#include "filters/limit/testing/limit_test.h"
#include "net/tls/testing/test_authority.h"

namespace weir::limit {
namespace {

TEST_F(LimitTest, says_what_is_wrong) {
  const auto complaint = [](std::string_view options) { return complaints_about(limit_filter(), options); };
  EXPECT_TRUE(complaint("{ burst: 5 }").contains("write rate: 100/s or in_flight: 20"));
  EXPECT_TRUE(complaint("100").contains("write 100/s"));
  EXPECT_TRUE(complaint("{ rate: 1/s, scope: cluster }").contains("\"cluster\" is not shared"));
  EXPECT_TRUE(complaint("{ rate: 1/s, scope: fleet }").contains("there is no fleet that could hold this limit"));
  EXPECT_TRUE(complaint("{ rate: 1/s, owner: always }").contains("only a limit of a fleet has owners"));
  EXPECT_TRUE(complaint("{ rate: 1/s, scope: redis }").contains("scope: redis, and no Redis to count in"));
  EXPECT_TRUE(complaint("{ rate: 1/s, algorithm: sliding_log }").contains("scope: local"));
  EXPECT_TRUE(complaint("{ rate: 1/s, algorithm: fixed_window, burst: 2 }").contains("a window has no burst"));
  EXPECT_TRUE(complaint("{ rate: 1/s, delay: 1s }").contains("algorithm: gcra"));
  EXPECT_TRUE(complaint("{ rate: 0/s }").contains("nothing through"));
  EXPECT_TRUE(complaint("{ in_flight: 0 }").contains("nothing through"));
  EXPECT_TRUE(complaint("{ in_flight: 2, cost: 2 }").contains("no meaning beside in_flight"));
  EXPECT_TRUE(complaint("{ rate: 5/s, cost: 6 }").contains("all there ever is"));
  EXPECT_TRUE(complaint("{ rules: [1/s, 1/s] }").contains("two rules are called"));
  EXPECT_TRUE(complaint("{ rules: [] }").contains("no rules"));
  EXPECT_TRUE(complaint("[1/s]").contains("under `rules`"));
  EXPECT_TRUE(complaint("{ rate: 1/s, name: \"a\\\"b\" }").contains("cannot stand in a field"));
  EXPECT_TRUE(complaint("{ rate: 100000/d, algorithm: sliding_log, scope: local }").contains("keys take"));
  EXPECT_TRUE(complaint("{ rate: 1/s, cost: { fixed: 5, maximum: 2 } }").contains("more than its maximum"));
  EXPECT_TRUE(complaint("{ rules: [{ rate: 1/s }, { burst: 3 }] }").contains("rules[1]"));
}

TEST_F(LimitTest, says_what_is_wrong_with_tls_to_redis) {
  const auto complaint = [](std::string_view redis) {
    return complaints_about(limit_filter(), "{ rate: 1/s, scope: redis, redis: " + std::string(redis) + " }");
  };
  EXPECT_EQ(complaint("{ addresses: [\"redis.internal:6380\"], tls: on }"), "");
  EXPECT_EQ(complaint("{ addresses: [\"unix:/run/redis.sock\"], tls: { name: redis.internal } }"), "");
  EXPECT_TRUE(complaint("{ addresses: [\"unix:/run/redis.sock\"], tls: on }").contains("has no host"));
  EXPECT_TRUE(complaint("{ addresses: [\"10.0.0.5:6380\"], tls: yes }").contains("\"yes\" is not on"));
  EXPECT_TRUE(complaint("{ addresses: [\"10.0.0.5:6380\"], tls: { verify: false } }").contains("not verified"));
  EXPECT_TRUE(complaint("{ addresses: [\"10.0.0.5:6380\"], tls: { authorities: /none.pem } }")
                  .contains("cannot read /none.pem: No such file or directory"));
}

/// What is believed and shown belongs to a Redis: another authority is another connection.
TEST(LimitRedisOptions, another_authority_is_another_redis) {
  RedisOptions options;
  options.addresses = {*parse_endpoint("redis.internal:6380")};
  const std::string plain = options.identity();
  options.secured = tls::ClientContext::make({}).value();
  const std::string secured = options.identity();
  EXPECT_NE(secured, plain);
  options.secured = tls::ClientContext::make({}).value();
  EXPECT_EQ(options.identity(), secured) << "a reload finds its connections again";
  options.secured = tls::ClientContext::make({.authorities = tls::TestAuthority("Test root").pem()}).value();
  EXPECT_NE(options.identity(), secured);
}

TEST(LimitFields, costs_are_read_strictly) {
  EXPECT_EQ(read_cost("7", 10, 1), 7U);
  EXPECT_EQ(read_cost(" 7 ", 10, 1), 7U);
  EXPECT_EQ(read_cost("70", 10, 1), 10U);
  EXPECT_EQ(read_cost("0", 10, 3), 1U);
  for (const std::string_view bad : {"", "-7", "7.5", "7, 8", "seven", "+7"})
    EXPECT_EQ(read_cost(bad, 10, 3), 3U) << bad;
}

TEST_F(LimitTest, says_what_is_wrong_with_quotas_and_bandwidth) {
  const auto complaint = [](std::string_view options) { return complaints_about(limit_filter(), options); };
  EXPECT_TRUE(complaint("{ quota: 5 }").contains("write 10000/month"));
  EXPECT_TRUE(complaint("{ quota: 5/year }").contains("write 10000/month"));
  EXPECT_TRUE(complaint("{ quota: 0/day }").contains("nothing through"));
  EXPECT_TRUE(complaint("{ quota: 5000000000/day }").contains("a quota counts to"));
  EXPECT_TRUE(complaint("{ quota: 5/day, time_zone: Europe/Berln }").contains("not among the time zones"));
  EXPECT_TRUE(complaint("{ quota: 5/day, time_zone: ../../etc/passwd }").contains("no name of a time zone"));
  EXPECT_TRUE(complaint("{ quota: 5/day, rate: 1/s }").contains("no meaning beside quota"));
  EXPECT_TRUE(complaint("{ quota: 5/day, scope: local }").contains("all cores together"));
  EXPECT_TRUE(complaint("{ quota: 5/day, cost: 6 }").contains("all there ever is"));
  EXPECT_TRUE(complaint("{ rate: 5/s, time_zone: UTC }").contains("only a quota has a time zone"));
  EXPECT_TRUE(complaint("{ rate: 5/s, key: connection }").contains("only bandwidth"));
  EXPECT_TRUE(complaint("{ bandwidth: 5 }").contains("write 1MiB/s"));
  EXPECT_TRUE(complaint("{ bandwidth: none/s }").contains("limits nothing"));
  EXPECT_TRUE(complaint("{ bandwidth: 0B/s }").contains("nothing through"));
  EXPECT_TRUE(complaint("{ bandwidth: 1KiB/s, cost: 2 }").contains("no meaning beside bandwidth"));
  EXPECT_TRUE(complaint("{ bandwidth: { rate: 1B/s, burst: 1GiB } }").contains("over a day"));
}

}  // namespace
}  // namespace weir::limit
