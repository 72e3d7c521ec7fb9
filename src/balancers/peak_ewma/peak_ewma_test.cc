// Latency times requests in flight.
#include "balancers/peak_ewma/peak_ewma.h"

#include <gtest/gtest.h>

#include "contracts/roster.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

std::uint32_t picked(const std::vector<EndpointFacts>& endpoints, Time now = Time(10s)) {
  Roster roster;
  roster.make(endpoints, {});
  PickFacts facts{.endpoints = endpoints, .draw = 1, .now = now};
  return pick(PeakEwma(10s), roster, facts)->endpoint;
}

TEST(PeakEwma, quicker_one_is_picked_until_its_line_is_as_costly) {
  EXPECT_EQ(picked({{.latency_us = 100, .latency_at = Time(10s)}, {.latency_us = 300, .latency_at = Time(10s)}}), 0U);
  EXPECT_EQ(picked({{.in_flight = 3, .latency_us = 100, .latency_at = Time(10s)},
                    {.latency_us = 300, .latency_at = Time(10s)}}),
            1U);
}

TEST(PeakEwma, silence_is_forgiven) {
  const std::vector<EndpointFacts> endpoints{{.latency_us = 300, .latency_at = Time(0s)},
                                             {.latency_us = 200, .latency_at = Time(10s)}};
  EXPECT_EQ(picked(endpoints), 0U);  // 300 / e is less than 200
}

TEST(PeakEwma, one_that_never_answered_is_tried_by_one_request_only) {
  EXPECT_EQ(picked({{}, {.latency_us = 1, .latency_at = Time(10s)}}), 0U);
  EXPECT_EQ(picked({{.in_flight = 1}, {.in_flight = 9, .latency_us = 1000, .latency_at = Time(10s)}}), 1U);
}

TEST(PeakEwma, weight_divides_the_cost) {
  EXPECT_EQ(picked({{.weight = 4, .latency_us = 300, .latency_at = Time(10s)},
                    {.weight = 1, .latency_us = 100, .latency_at = Time(10s)}}),
            0U);
}

}  // namespace
}  // namespace weir
