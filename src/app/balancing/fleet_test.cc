// The fleet agrees with the closed form, and the policies stand in the order that facts and papers say: small and
// quick;
// ./dev bench lb runs the whole table.
#include "app/balancing/fleet.h"

#include <gtest/gtest.h>

#include "balancers/least_request/least_request.h"
#include "balancers/peak_ewma/peak_ewma.h"
#include "balancers/random/random.h"
#include "balancers/reported_load/reported_load.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

double measured_mean(const Balancer& balancer, double lambda, unsigned choices) {
  return run_fleet(balancer, {.servers = 1000,
                              .gateways = 1,
                              .utilisation = lambda,
                              .service_ms = 1,
                              .slow_part = 0,
                              .requests = 800'000,
                              .stationary_choices = choices})
      .mean_ms;
}

TEST(Fleet, closed_form_is_what_was_published) {
  EXPECT_NEAR(supermarket_mean(0.5, 2), 1.2657, 1e-4);
  EXPECT_NEAR(supermarket_mean(0.9, 2), 2.6141, 1e-4);
  EXPECT_NEAR(supermarket_mean(0.99, 2), 5.4320, 1e-4);
}

TEST(Fleet, one_choice_is_a_line_for_each_server) {
  EXPECT_NEAR(measured_mean(RandomBalancer(), 0.7, 1) / supermarket_mean(0.7, 1), 1, 0.02);
}

TEST(Fleet, two_choices_are_the_supermarket) {
  for (const double lambda : {0.5, 0.9}) {
    EXPECT_NEAR(measured_mean(LeastRequest(2), lambda, 2) / supermarket_mean(lambda, 2), 1, 0.01) << lambda;
  }
}

// Sixteen gateways, a tenth of the servers three times slower, another tenth every five seconds.
TEST(Fleet, what_servers_report_is_worth_more_than_what_a_gateway_sees) {
  FleetSettings settings{.utilisation = 0.7, .requests = 100'000};
  const double blind = run_fleet(RandomBalancer(), settings).p99_ms;
  const double local = run_fleet(LeastRequest(2), settings).p99_ms;
  const double latency = run_fleet(PeakEwma(1s), settings).p99_ms;
  settings.probes_used = true;
  settings.probes_per_request = 3;
  const double probing = run_fleet(ReportedLoad({}), settings).p99_ms;
  EXPECT_LT(local, blind / 2);
  EXPECT_LT(latency, local);
  EXPECT_LT(probing, latency);
  EXPECT_LE(probing, 105);
}

TEST(Fleet, one_gateway_that_probes_is_about_as_good_as_one_that_sees_all) {
  FleetSettings settings{.gateways = 1, .slow_part = 0, .requests = 100'000};
  const double all = run_fleet(LeastRequest(8), settings).p99_ms;
  settings.probes_used = true;
  settings.probes_per_request = 3;
  EXPECT_LT(run_fleet(ReportedLoad({}), settings).p99_ms, 2 * all);
}

}  // namespace
}  // namespace weir
