// Lanes over reports, and two draws without.
#include "balancers/reported_load/reported_load.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "contracts/roster.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

Pick picked(const std::vector<EndpointFacts>& endpoints, const std::vector<ProbeFacts>& probes = {}) {
  Roster roster;
  roster.make(endpoints, {});
  PickFacts facts{.endpoints = endpoints, .draw = 1, .now = Time(10s), .probes = probes};
  return *pick(ReportedLoad({}), roster, facts);
}

TEST(ReportedLoad, servers_own_count_is_believed_while_it_is_fresh) {
  EXPECT_EQ(
      picked({{.reported_load = 9, .reported_latency_us = 2'000'000, .reported_at = Time(9500ms)}, {.in_flight = 2}})
          .endpoint,
      1U);
  EXPECT_EQ(picked({{.reported_load = 9, .reported_at = Time(1s)}, {.in_flight = 2}}).endpoint, 0U);
}

TEST(ReportedLoad, report_fades_as_the_server_works_it_off) {
  EXPECT_EQ(picked({{.reported_load = 9, .reported_latency_us = 50'000, .reported_at = Time(9500ms)}, {.in_flight = 2}})
                .endpoint,
            0U);
}

TEST(ReportedLoad, what_we_sent_ourselves_counts_at_least) {
  EXPECT_EQ(picked({{.in_flight = 5, .reported_load = 1, .reported_at = Time(10s)},
                    {.reported_load = 3, .reported_at = Time(10s)}})
                .endpoint,
            1U);
}

TEST(ReportedLoad, a_slow_one_that_is_picked_is_noticed) {
  const PlantedFault planted(Fault::quickest_report_ignored);
  const Pick pick = picked({{}, {}, {}}, {{.endpoint = 0, .load = 9, .latency_us = 10, .heard_at = Time(10s)},
                                          {.endpoint = 1, .load = 2, .latency_us = 40, .heard_at = Time(10s)},
                                          {.endpoint = 2, .load = 3, .latency_us = 30, .heard_at = Time(10s)}});
  EXPECT_EQ(pick.endpoint, 1U);
}

TEST(ReportedLoad, quickest_of_the_cold_is_picked) {
  const Pick pick = picked({{}, {}, {}}, {{.endpoint = 0, .load = 9, .latency_us = 10, .heard_at = Time(10s)},
                                          {.endpoint = 1, .load = 2, .latency_us = 40, .heard_at = Time(10s)},
                                          {.endpoint = 2, .load = 3, .latency_us = 30, .heard_at = Time(10s)}});
  EXPECT_EQ(pick.endpoint, 2U);
  EXPECT_EQ(pick.reason, "quickest_of_cold");
  EXPECT_EQ(pick.probe, 2U);
}

TEST(ReportedLoad, one_report_is_no_choice_and_old_ones_are_none) {
  EXPECT_EQ(picked({{}, {}}, {{.endpoint = 0, .heard_at = Time(10s)}}).reason, "lighter_of_two");
  EXPECT_EQ(picked({{}, {}}, {{.endpoint = 0, .heard_at = Time(8s)}, {.endpoint = 1, .heard_at = Time(8s)}}).reason,
            "lighter_of_two");
}

TEST(ReportedLoad, server_that_may_not_be_picked_is_passed_over_however_good_its_report) {
  const Pick pick = picked({{.available = false}, {}, {}}, {{.endpoint = 0, .heard_at = Time(10s)},
                                                            {.endpoint = 1, .load = 5, .heard_at = Time(10s)},
                                                            {.endpoint = 2, .load = 6, .heard_at = Time(10s)}});
  EXPECT_EQ(pick.endpoint, 1U);
}

}  // namespace
}  // namespace weir
