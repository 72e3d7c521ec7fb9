// What policies share: drawing, remembering latencies and reports, reading what servers say.
#include <gtest/gtest.h>

#include <set>

#include "contracts/roster.h"
#include "upstream/picking/draws.h"
#include "upstream/picking/hash.h"
#include "upstream/picking/latency.h"
#include "upstream/picking/load_report.h"
#include "upstream/picking/probes.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST(Draws, none_twice_and_all_in_the_end) {
  const std::vector<EndpointFacts> endpoints(6);
  Roster roster;
  roster.make(endpoints, {});
  const std::vector<std::uint32_t> tried{2};
  for (std::uint64_t draw = 0; draw < 200; ++draw) {
    const PickFacts facts{.endpoints = endpoints, .group = roster.choose(0), .tried = tried, .draw = mixed(draw)};
    Draws draws(facts);
    std::set<std::uint32_t> drawn;
    while (const auto next = draws.next()) EXPECT_TRUE(drawn.insert(*next).second);
    EXPECT_EQ(drawn, (std::set<std::uint32_t>{0, 1, 3, 4, 5}));
  }
}

TEST(Hash, is_what_others_compute) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);  // the check value of CRC-32/ISO-HDLC
  EXPECT_EQ(sdbm("a"), 97U);
  EXPECT_EQ(sdbm("ab"), 97U * 65599U + 98U);  // sdbm is a polynomial in 65599
}

TEST(Latency, jumps_up_at_once_and_is_forgotten_slowly) {
  EndpointFacts facts;
  observe_latency(facts, 10ms, Time(1s), 10s);
  EXPECT_EQ(facts.latency_us, 10'000);
  observe_latency(facts, 100ms, Time(2s), 10s);
  EXPECT_EQ(facts.latency_us, 100'000);
  observe_latency(facts, 10ms, Time(12s), 10s);
  EXPECT_NEAR(facts.latency_us, 10'000 + 90'000 / std::exp(1.0), 100);
  EXPECT_NEAR(latency_now(facts, Time(22s), 10s), facts.latency_us / std::exp(1.0), 1);
}

TEST(LoadReport, metric_is_found_by_its_name) {
  const std::string_view report = "TEXT cpu_utilization=0.3, named_metrics.in_flight=12,named_metrics.latency_ms = 8.5";
  EXPECT_EQ(metric_of(report, "cpu_utilization"), 0.3);
  EXPECT_EQ(metric_of(report, "named_metrics.in_flight"), 12);
  EXPECT_EQ(metric_of(report, "named_metrics.latency_ms"), 8.5);
  EXPECT_FALSE(metric_of(report, "in_flight"));
}

TEST(LoadReport, nonsense_reports_nothing) {
  for (const std::string_view report : {"", "TEXT", "TEXT ", "load", "load=", "load=x", "load=-1", "load=1e999",
                                        "load=nan", "load=1x", ",,,", "=1", "load=inf"}) {
    EXPECT_FALSE(metric_of(report, "load")) << report;
  }
}

TEST(ProbePool, keeps_one_report_for_each_server_and_the_newest_of_all) {
  ProbePool pool(3);
  for (std::uint32_t at = 0; at < 5; ++at) pool.add({.endpoint = at, .load = at});
  pool.add({.endpoint = 4, .load = 9});
  ASSERT_EQ(pool.probes().size(), 3);
  EXPECT_EQ(pool.probes()[0].endpoint, 2);
  EXPECT_EQ(pool.probes()[2].load, 9);
}

TEST(ProbePool, one_that_is_used_gets_heavier) {
  ProbePool pool;
  pool.add({.endpoint = 0, .load = 1, .latency_us = 100});
  pool.use(0);
  EXPECT_EQ(pool.probes()[0].load, 2);
  EXPECT_EQ(pool.probes()[0].latency_us, 150);
}

TEST(ProbePool, old_ones_go_and_then_the_oldest_and_the_worst_in_turn) {
  ProbePool pool;
  for (std::uint32_t at = 0; at < 6; ++at) {
    pool.add({.endpoint = at, .load = at == 3 ? 50U : 1U, .latency_us = at, .heard_at = Time(at * 1s)});
  }
  pool.tidy(Time(6s), 5s, 0, 0.84);
  EXPECT_EQ(pool.probes().size(), 5);  // the first was older than 5 s
  pool.tidy(Time(6s), 5s, 1, 0.84);
  EXPECT_TRUE(std::ranges::none_of(pool.probes(), [](const ProbeFacts& each) { return each.endpoint == 3; }));
  pool.tidy(Time(6s), 5s, 1, 0.84);
  EXPECT_EQ(pool.probes()[0].endpoint, 2);
}

}  // namespace
}  // namespace weir
