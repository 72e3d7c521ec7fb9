// What Redis did for limits, as operators see it.
#include "app/admin/limits_redis.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(LimitsRedis, adds_up_cores_and_says_whether_it_is_asked) {
  SharedStates states;
  limit::RedisOptions options;
  options.addresses = {*parse_endpoint("10.0.0.5:6379")};
  const auto state = states.find_or_make<limit::RedisState>(
      "limit redis x", [&] { return std::make_shared<limit::RedisState>(options, 2); });
  state->core(0).decided[static_cast<std::size_t>(limit::RedisSource::answered)].add(3);
  state->core(1).decided[static_cast<std::size_t>(limit::RedisSource::answered)].add(4);
  state->core(1).suppressed.add();
  const auto totals = redis_totals(states);
  EXPECT_EQ(redis_text(totals),
            "redis 10.0.0.5:6379: 7 answered, 0 leased, 0 refused_lately, 0 late, 0 down, 0 failed; not waited for at "
            "present\n");
  Exposition page;
  add_redis(page, totals);
  EXPECT_TRUE(page.take().contains("weir_limit_redis_total{redis=\"10.0.0.5:6379\",source=\"answered\"} 7\n"));
  JsonWriter json;
  json.begin_object();
  write_redis(json, totals);
  json.end_object();
  EXPECT_TRUE(json.take().starts_with("{\"redis\":[{\"address\":\"10.0.0.5:6379\",\"answered\":7"));
}

TEST(LimitsRedis, tells_of_tls_and_why_it_failed) {
  SharedStates states;
  limit::RedisOptions options;
  options.addresses = {*parse_endpoint("10.0.0.5:6380")};
  options.tls.emplace();
  const auto state = states.find_or_make<limit::RedisState>(
      "limit redis x", [&] { return std::make_shared<limit::RedisState>(options, 2); });
  state->core(0).tls.full_1_3.add();
  state->core(1).tls.resumed_1_3.add(2);
  state->core(1).tls.failures[static_cast<std::size_t>(tls::Failure::certificate_untrusted)].add(3);
  const auto totals = redis_totals(states);
  EXPECT_EQ(
      redis_text(totals),
      "redis 10.0.0.5:6380 over TLS: 0 answered, 0 leased, 0 refused_lately, 0 late, 0 down, 0 failed; asked; 3 TLS "
      "handshakes failed: certificate_untrusted\n");
  Exposition page;
  add_redis(page, totals);
  const std::string shown = page.take();
  EXPECT_TRUE(shown.contains("weir_limit_redis_tls_handshakes_total{redis=\"10.0.0.5:6380\",resumed=\"true\"} 2\n"));
  EXPECT_TRUE(shown.contains(
      "weir_limit_redis_tls_handshake_failures_total{redis=\"10.0.0.5:6380\",reason=\"certificate_untrusted\"} 3\n"));
  JsonWriter json;
  json.begin_object();
  write_redis(json, totals);
  json.end_object();
  EXPECT_TRUE(
      json.take().contains("\"tls\":true,\"handshakes\":1,\"handshakes_resumed\":2,"
                           "\"handshake_failures\":{\"certificate_untrusted\":3}"));
}

}  // namespace
}  // namespace weir
