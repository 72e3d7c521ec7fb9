// What policies share: drawing, remembering latencies and reports, reading what servers say.
#include <gtest/gtest.h>

#include <set>

#include "base/block_pool.h"
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

TEST(LoadReport, is_looked_for_in_its_field) {
  BlockPool blocks;
  Arena arena(blocks);
  Fields fields(arena);
  const ReportRule rule{.header = "x-load", .load = "rif", .latency = "ms", .probes = {.path = {}, .host = {}}};
  EXPECT_FALSE(report_in(fields, rule));
  fields.append("x-load", "rif=3,ms=0.5");
  EXPECT_EQ(report_in(fields, rule)->load, 3);
  EXPECT_EQ(report_in(fields, rule)->latency_us, 500);
  Fields without(arena);
  without.append("x-load", "rif=1e12");
  EXPECT_EQ(report_in(without, rule)->load, 1'000'000'000);
  EXPECT_FALSE(report_in(without, rule)->latency_us);
  Fields other(arena);
  other.append("x-load", "ms=0.5");
  EXPECT_FALSE(report_in(other, rule));
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

TEST(ProbePool, report_is_used_up) {
  ProbePool pool;
  pool.add({.endpoint = 0}, 2);
  pool.add({.endpoint = 1});
  pool.use(0);
  EXPECT_EQ(pool.probes().size(), 2);
  pool.use(0);
  ASSERT_EQ(pool.probes().size(), 1);
  for (int pick = 0; pick < 1000; ++pick) pool.use(0);
  EXPECT_EQ(pool.probes()[0].endpoint, 1);
}

TEST(ProbePool, reports_follow_their_endpoints_to_other_numbers) {
  ProbePool pool;
  for (std::uint32_t at = 0; at < 3; ++at) pool.add({.endpoint = at, .load = at}, 1 + at);
  pool.renumber([](std::uint32_t number) { return number == 1 ? no_endpoint_number : number + 5; });
  ASSERT_EQ(pool.probes().size(), 2);
  EXPECT_EQ(pool.probes()[0].endpoint, 5);
  EXPECT_EQ(pool.probes()[1].endpoint, 7);
  EXPECT_EQ(pool.probes()[1].load, 2);
  pool.use(0);  // it was good for one
  EXPECT_EQ(pool.probes()[0].endpoint, 7);
}

// What the paper's formula says: max(1, (1 + d) / ((1 - m/n) p - r)) with d = 1.
TEST(ProbePool, report_is_good_for_as_many_picks_as_new_ones_make_up_for) {
  struct Case {
    double per_pick;
    std::size_t endpoints;
    double uses;
  };
  const ProbeRule paper{.path = {}, .host = {}};
  for (const Case& each : {Case{3, 100, 2 / (0.84 * 3 - 1)},
                           {3, 1000, 2 / (0.984 * 3 - 1)},
                           {1, 100, 2 / (0.84 - 1.0 / 3)},
                           {8, 1'000'000, 1}}) {
    ProbeRule rule = paper;
    rule.per_pick = each.per_pick;
    EXPECT_NEAR(uses_of_a_report(rule, each.endpoints), each.uses, 0.001) << each.endpoints;
  }
  EXPECT_EQ(dropped_per_pick(paper, 17), 1);
  EXPECT_EQ(dropped_per_pick(paper, 16), 0) << "there is room for all";
  EXPECT_EQ(uses_of_a_report(paper, 16), ProbePool::uses_unbounded) << "what comes replaces what is there";
  EXPECT_EQ(uses_of_a_report(paper, 0), ProbePool::uses_unbounded);
  ProbeRule told = paper;
  told.uses_max = 4;
  EXPECT_EQ(uses_of_a_report(told, 100), 4);
}

TEST(ProbePool, fraction_of_a_use_is_drawn) {
  double sum = 0;
  for (std::uint64_t draw = 0; draw < 10'000; ++draw) sum += uses_by_lot(1.3, mixed(draw));
  EXPECT_NEAR(sum / 10'000, 1.3, 0.02);
  EXPECT_EQ(uses_by_lot(2, ~std::uint64_t{0}), 2);
  EXPECT_EQ(uses_by_lot(ProbePool::uses_unbounded, ~std::uint64_t{0}), ProbePool::uses_unbounded);
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
