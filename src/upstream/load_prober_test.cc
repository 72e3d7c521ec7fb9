// Servers that are asked for their load: who is asked, what comes of it, and what it never costs a request.
#include "upstream/load_prober.h"

#include "upstream/attempt_test_support.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// The least loaded of those who reported, else the first.
class ByReport final : public Balancer {
 public:
  explicit ByReport(ReportRule rule) : rule_(std::move(rule)) {}
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override {
    std::optional<Pick> best;
    for (std::uint32_t at = 0; at < facts.probes.size(); ++at) {
      if (!facts.may_pick(facts.probes[at].endpoint)) continue;
      if (best && facts.probes[best->probe].load <= facts.probes[at].load) continue;
      best = Pick{.endpoint = facts.probes[at].endpoint, .reason = "reported", .probe = at};
    }
    for (const std::uint32_t member : facts.group->members) {
      if (!best && facts.may_pick(member)) best = Pick{.endpoint = member, .reason = "first"};
    }
    return best;
  }
  [[nodiscard]] std::string_view name() const override { return "by_report"; }
  [[nodiscard]] const ReportRule* reports() const override { return &rule_; }

 private:
  ReportRule rule_;
};

class LoadProberTest : public upstream_test::AttemptTest {
 protected:
  std::unique_ptr<Cluster> shop(const std::vector<std::string>& endpoints) {
    ClusterSettings settings;
    settings.name = "shop";
    for (const std::string& text : endpoints) settings.endpoints.push_back({.endpoint = *parse_endpoint(text)});
    settings.balancer = std::make_unique<ByReport>(rule);
    settings.protocol = &protocol;
    return std::make_unique<Cluster>(std::move(settings));
  }
  /// One request, and everything that comes of it within a moment.
  std::unique_ptr<upstream_test::Trial> ask(const Cluster& cluster) {
    auto trial = run(cluster);
    world.run_for(1ms);
    return trial;
  }
  [[nodiscard]] std::size_t probes_sent() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(script.sent_to, [](const std::string& page) { return page.ends_with("/load"); }));
  }
  [[nodiscard]] ProbeCounts::Core& counted(const Cluster& cluster) const {
    return cluster.probe_counts()->core(shard.id);
  }

  ReportRule rule{
      .header = "x-load", .load = "rif", .latency = "ms", .probes = {.path = "/load", .host = {}, .per_pick = 2}};
  const std::string one = "10.0.0.1:80";
  const std::string two = "10.0.0.2:80";
};

TEST_F(LoadProberTest, request_goes_where_servers_that_were_asked_beside_the_one_before_say) {
  script.reports = {{one + "/load", "rif=9,ms=4"}, {two + "/load", "rif=1,ms=4"}};
  const auto cluster = shop({one, two});
  EXPECT_EQ(ask(*cluster)->exchange.upstream_endpoint, one);
  EXPECT_EQ(probes_sent(), 2U);
  const auto second = ask(*cluster);
  EXPECT_EQ(second->exchange.upstream_endpoint, two);
  EXPECT_EQ(second->story(), "balance:picked report:heard pool:opened");
  EXPECT_EQ(counted(*cluster).reported.get(), 4U);
  EXPECT_EQ(counted(*cluster).picks.get(), 1U);
  // It stands in the facts of all, too.
  EXPECT_EQ(cluster->state(shard).endpoints()[0].reported_load, 9U);
  EXPECT_EQ(cluster->state(shard).endpoints()[0].reported_latency_us, 4000U);
}

TEST_F(LoadProberTest, rate_may_be_a_part_of_the_requests) {
  rule.probes.per_pick = 0.5;
  const auto cluster = shop({one, two});
  for (int request = 0; request < 10; ++request) ask(*cluster);
  EXPECT_EQ(probes_sent(), 5U);
}

TEST_F(LoadProberTest, request_is_on_its_way_before_anybody_is_asked_and_waits_for_no_answer) {
  script.answer_takes = {{one + "/load", 50ms}, {two + "/load", 50ms}};
  const auto cluster = shop({one, two});
  auto first = ask(*cluster);
  EXPECT_EQ(took, Duration::zero());
  EXPECT_EQ(script.sent_to.front(), one);
  EXPECT_EQ(script.connects, 3U) << "a question never takes a request's connection";
  EXPECT_EQ(cluster->state(shard).endpoints()[0].in_flight, 0U);
  EXPECT_EQ(cluster->state(shard).endpoints()[1].in_flight, 0U);
  world.run_for(60ms);
  EXPECT_EQ(counted(*cluster).silent.get(), 2U);
  ask(*cluster);
  EXPECT_EQ(script.connects, 3U) << "and has its own again";
}

TEST_F(LoadProberTest, server_that_hangs_is_asked_one_question_at_a_time_and_given_up) {
  script.answer_takes = {{one + "/load", 1h}, {two + "/load", 1h}};
  const auto cluster = shop({one, two});
  for (int request = 0; request < 10; ++request) ask(*cluster);
  EXPECT_EQ(probes_sent(), 2U);
  EXPECT_EQ(counted(*cluster).skipped.get(), 18U);
  world.run_for(rule.probes.timeout);
  EXPECT_EQ(counted(*cluster).failed.get(), 2U);
  EXPECT_EQ(script.given_up, 2U);
  ask(*cluster);
  EXPECT_EQ(probes_sent(), 4U);
}

TEST_F(LoadProberTest, answer_that_is_an_error_draws_no_requests) {
  script.reports = {{two + "/load", "rif=0,ms=0"}};
  script.statuses = {{two, 503}};
  const auto cluster = shop({one, two});
  ask(*cluster);
  EXPECT_EQ(counted(*cluster).silent.get(), 2U);
  EXPECT_EQ(ask(*cluster)->exchange.upstream_endpoint, one);
}

TEST_F(LoadProberTest, report_is_believed_as_long_as_it_is_young) {
  rule.report_age_max = 200ms;
  script.reports = {{two + "/load", "rif=1,ms=4"}};
  const auto cluster = shop({one, two});
  ask(*cluster);
  world.run_for(150ms);
  EXPECT_EQ(run(*cluster)->exchange.upstream_endpoint, two);
  world.run_for(250ms);
  EXPECT_EQ(run(*cluster)->exchange.upstream_endpoint, one);
}

TEST_F(LoadProberTest, nobody_is_asked_where_no_page_is_named) {
  rule.probes.path = {};
  const auto cluster = shop({one, two});
  ask(*cluster);
  EXPECT_EQ(script.sent_to, std::vector<std::string>{one});
  EXPECT_EQ(cluster->probe_counts(), nullptr);
}

TEST_F(LoadProberTest, questions_end_with_their_upstream) {
  script.answer_takes = {{one + "/load", 1h}, {two + "/load", 1h}};
  const auto cluster = shop({one, two});
  ask(*cluster);
  cluster->retire(shard);
  world.run_for(1ms);
  EXPECT_EQ(script.given_up, 2U);
  EXPECT_EQ(script.alive, 0U) << "all connections are closed";
  ask(*cluster);  // began with the configuration before
  EXPECT_EQ(probes_sent(), 2U);
  // The upstream is there again.
  script.answer_takes.clear();
  const auto again = shop({one, two});
  ask(*again);
  EXPECT_EQ(probes_sent(), 4U);
}

TEST_F(LoadProberTest, reload_keeps_reports_of_servers_that_stay_and_asks_who_is_gone_nothing_more) {
  script.reports = {{one + "/load", "rif=9,ms=4"}, {two + "/load", "rif=1,ms=4"}};
  script.answer_takes = {{one + "/load", 10ms}};
  const auto before = shop({one, two});
  ask(*before);
  const auto after = shop({two, "10.0.0.3:80"});
  after->state(shard);
  world.run_for(50ms);
  EXPECT_EQ(counted(*before).failed.get(), 1U);
  const auto trial = run(*after);
  EXPECT_EQ(trial->exchange.upstream_endpoint, two);
  EXPECT_EQ(trial->story(), "balance:picked report:heard pool:opened");
}

TEST_F(LoadProberTest, reload_that_asks_for_another_page_forgets_what_the_former_said) {
  script.reports = {{two + "/load", "rif=1,ms=4"}};
  const auto before = shop({one, two});
  ask(*before);
  rule.probes.path = "/status";
  const auto after = shop({one, two});
  EXPECT_EQ(ask(*after)->exchange.upstream_endpoint, one);
  EXPECT_EQ(script.sent_to.back().substr(script.sent_to.back().find('/')), "/status");
}

TEST_F(LoadProberTest, server_that_was_gone_and_is_back_is_asked_again) {
  const auto first = shop({one});
  ask(*first);
  EXPECT_EQ(probes_sent(), 1U);
  auto busy = asking(first->state(shard).pool_of(0));  // so that its pool stays
  shop({two})->state(shard);
  const auto third = shop({one});
  ask(*third);
  EXPECT_EQ(probes_sent(), 2U);
  EXPECT_EQ(counted(*third).silent.get(), 1U);
  busy->finish();
}

}  // namespace
}  // namespace weir
