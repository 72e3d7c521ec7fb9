// A request with a sticky cookie on its way: where it is sent, what it is told, and what its story says.
#include "upstream/sticky_visit.h"

#include <gtest/gtest.h>

#include "upstream/attempt_test_support.h"
#include "upstream/endpoint_health.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class StickyVisitTest : public upstream_test::AttemptTest {
 protected:
  StickyVisitTest() { follow({}); }

  void follow(StickyOptions options) {
    options.keys = {"a secret that is long enough for it"};
    sticky = std::make_shared<const StickyRule>("shop", options);
  }
  static std::string_view set_cookie(const upstream_test::Trial& trial) {
    return (*trial.result)->head.fields.get(FieldName::set_cookie);
  }
  /// The cookie that names the endpoint.
  [[nodiscard]] std::string cookie_of(std::string_view address) {
    const std::string written = sticky->write(address, shard.reactor.wall_now(), false);
    return written.substr(0, written.find(';'));
  }
  std::unique_ptr<upstream_test::Trial> run_with(const Cluster& cluster, std::string_view cookie) {
    return run(cluster, Method::get, {}, cookie);
  }
  static std::string_view reason_of(const upstream_test::Trial& trial) {
    for (const DecisionRecord* each = trial.exchange.first_record(); each != nullptr; each = each->next) {
      if (each->room == "sticky") return each->reason;
    }
    return "";
  }
};

TEST_F(StickyVisitTest, client_comes_back_to_the_endpoint_that_its_first_answer_named) {
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"});
  const auto first = run(*shop);
  EXPECT_EQ(first->story(), "sticky:picked_anew balance:picked pool:opened");
  const std::string_view written = set_cookie(*first);
  EXPECT_TRUE(written.starts_with("weir-shop=")) << written;
  EXPECT_EQ((*first->result)->head.fields.get(FieldName::cache_control), "private");
  const std::string cookie(written.substr(0, written.find(';')));
  for (int request = 0; request < 5; ++request) {
    const auto again = run_with(*shop, cookie);
    EXPECT_EQ(again->exchange.upstream_endpoint, first->exchange.upstream_endpoint);
    EXPECT_EQ(set_cookie(*again), "") << "it has one";
    EXPECT_EQ(again->story(), "sticky:kept pool:reused");
  }
}

TEST_F(StickyVisitTest, forged_cookie_is_passed_over_and_counted) {
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto trial = run_with(*shop, "weir-shop=forged");
  EXPECT_EQ((*trial->result)->head.status, 200);
  EXPECT_EQ(reason_of(*trial), "not_ours");
  EXPECT_NE(set_cookie(*trial), "");
  EXPECT_EQ(sticky->counts().core(0).foreign.get(), 1U);
  EXPECT_EQ(sticky->counts().core(0).moved.get(), 0U);
}

TEST_F(StickyVisitTest, endpoint_that_refuses_connections_is_left_and_the_answer_names_the_new_one) {
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  script.connect_fails.emplace("10.0.0.2:80", upstream_error(Code::connect_refused).with(Retry::unsent));
  const auto trial = run_with(*shop, cookie_of("10.0.0.2:80"));
  EXPECT_EQ(trial->exchange.upstream_endpoint, "10.0.0.1:80");
  EXPECT_EQ(trial->story(),
            "sticky:kept pool:opened retry:other_endpoint sticky:picked_anew balance:picked pool:opened");
  EXPECT_TRUE(set_cookie(*trial).starts_with(cookie_of("10.0.0.1:80")));
  EXPECT_EQ(sticky->counts().core(0).moved.get(), 1U);
}

TEST_F(StickyVisitTest, whoever_is_bound_to_its_endpoint_is_tried_nowhere_else) {
  follow({.on_failure = StickyOptions::OnFailure::refuse});
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  script.connect_fails.emplace("10.0.0.2:80", upstream_error(Code::connect_refused).with(Retry::unsent));
  const auto trial = run_with(*shop, cookie_of("10.0.0.2:80"));
  ASSERT_FALSE(trial->result->has_value());
  EXPECT_EQ(trial->result->error().code, Code::connect_refused);
  EXPECT_TRUE(script.sent_to.empty());
}

TEST_F(StickyVisitTest, endpoint_that_is_gone_is_replaced_or_refused) {
  const auto shop = cluster({"10.0.0.1:80"});
  EXPECT_EQ((*run_with(*shop, cookie_of("10.0.0.9:80"))->result)->head.status, 200);
  follow({.on_failure = StickyOptions::OnFailure::refuse});
  const auto strict = cluster({"10.0.0.1:80"});
  const auto refused = run_with(*strict, cookie_of("10.0.0.9:80"));
  ASSERT_FALSE(refused->result->has_value());
  EXPECT_EQ(refused->result->error().code, Code::no_endpoint);
  EXPECT_EQ(reason_of(*refused), "endpoint_gone");
  EXPECT_TRUE(run(*strict)->result->has_value()) << "who has no cookie is not refused";
}

TEST_F(StickyVisitTest, drained_endpoint_keeps_its_clients_and_gets_no_others) {
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  shop->state(shard);
  shop->health()->endpoint("10.0.0.1:80")->admin.set(AdminState::draining);
  shop->health()->changed();
  const auto kept = run_with(*shop, cookie_of("10.0.0.1:80"));
  EXPECT_EQ(kept->exchange.upstream_endpoint, "10.0.0.1:80");
  EXPECT_EQ(reason_of(*kept), "drained_but_kept");
  for (int request = 0; request < 4; ++request) EXPECT_EQ(run(*shop)->exchange.upstream_endpoint, "10.0.0.2:80");

  shop->health()->endpoint("10.0.0.1:80")->admin.set(AdminState::disabled);
  shop->health()->changed();
  const auto moved = run_with(*shop, cookie_of("10.0.0.1:80"));
  EXPECT_EQ(moved->exchange.upstream_endpoint, "10.0.0.2:80");
  EXPECT_EQ(reason_of(*moved), "endpoint_disabled");
  EXPECT_TRUE(set_cookie(*moved).starts_with(cookie_of("10.0.0.2:80")));
}

TEST_F(StickyVisitTest, drained_endpoint_lets_its_clients_go_where_they_are_to_move) {
  follow({.on_failure = StickyOptions::OnFailure::refuse, .on_drain = StickyOptions::OnDrain::move});
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  shop->state(shard);
  shop->health()->endpoint("10.0.0.1:80")->admin.set(AdminState::draining);
  shop->health()->changed();
  const auto moved = run_with(*shop, cookie_of("10.0.0.1:80"));
  EXPECT_EQ(moved->exchange.upstream_endpoint, "10.0.0.2:80");
  EXPECT_EQ(reason_of(*moved), "endpoint_drained");
}

TEST_F(StickyVisitTest, no_second_try_is_made_beside_the_endpoint_that_knows_the_client) {
  hedge = {.after = 20ms, .share = percent(100)};
  script.answer_takes["10.0.0.1:80"] = 50ms;
  const auto shop = cluster({"10.0.0.1:80", "10.0.0.2:80"});
  const auto kept = run_with(*shop, cookie_of("10.0.0.1:80"));
  EXPECT_EQ(kept->exchange.upstream_endpoint, "10.0.0.1:80");
  EXPECT_EQ(shard.metrics.hedges.get(), 0U);
  const auto anew = run_with(*shop, "weir-shop=forged");
  EXPECT_EQ(set_cookie(*anew).substr(0, 49), cookie_of(anew->exchange.upstream_endpoint)) << "of whoever answered";
}

}  // namespace
}  // namespace weir
