// What operators see of upstreams and say to them, asked through the handler as the socket does, in virtual time.
#include "app/admin/upstreams_page.h"

#include <gtest/gtest.h>

#include "app/admin/admin_handler.h"
#include "contracts/testing/test_exchange.h"
#include "upstream/cluster_state.h"
#include "upstream/endpoint_health.h"
#include "upstream/operator_word.h"
#include "upstream/testing/silent_cluster.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// As the process is: it takes the order, and the core looks.
class OneCore final : public Operations {
 public:
  OneCore(TestShard& shard, std::shared_ptr<Gateway> gateway) : shards_{&shard.shard()}, gateway_(std::move(gateway)) {}
  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] ProcessStatus status() const override { return {}; }
  [[nodiscard]] std::shared_ptr<const Gateway> gateway() const override { return gateway_; }
  [[nodiscard]] std::vector<std::string> listener_names() const override { return {}; }
  [[nodiscard]] std::span<Shard* const> shards() const override { return shards_; }
  void reload(ReloadRequest, std::move_only_function<void(ReloadOutcome)>) override {}
  void rollback(RollbackRequest, std::move_only_function<void(ReloadOutcome)>) override {}
  void history(std::move_only_function<void(HistoryAnswer)>) override {}
  void past_configuration(std::string, std::move_only_function<void(PastConfiguration)>) override {}
  void order_endpoint(EndpointOrder order, std::move_only_function<void(EndpointOutcome)> done) override {
    by = order.by;
    EndpointOutcome outcome = take_order(*gateway_, order, shards_[0]->reactor.now(), shards_[0]->reactor.wall_now());
    if (outcome.changed) find_cluster(*gateway_, order.upstream)->state(*shards_[0]).hear_operator();
    outcome.in_flight = requests_left(*gateway_, order.upstream, order.endpoint);
    done(std::move(outcome));
  }
  void stop() override {}

  std::string by;

 private:
  std::vector<Shard*> shards_;
  std::shared_ptr<Gateway> gateway_;
};

struct Told {
  Status status = 0;
  std::string text;
};

class UpstreamsPageTest : public testing::Test {
 protected:
  UpstreamsPageTest() {
    static const NoProtocol protocol;
    ClusterSettings settings;
    settings.name = "shop";
    for (const char* address : {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"})
      settings.endpoints.push_back({.endpoint = *parse_endpoint(address), .weight = 4});
    settings.balancer = std::make_unique<NoBalancer>();
    settings.protocol = &protocol;
    gateway->clusters.push_back(std::make_shared<const Cluster>(std::move(settings)));
    state();
    shard.world().run_for(1h);
  }
  const Cluster& cluster() { return *gateway->clusters[0]; }
  ClusterState& state() { return cluster().state(shard.shard()); }
  std::shared_ptr<EndpointHealth> endpoint(std::size_t at) {
    return cluster().health()->find("10.0.0." + std::to_string(at + 1) + ":80");
  }
  /// A request that is in flight there.
  Observation in_flight(std::size_t at) { return Observation(const_cast<HealthView&>(state().health()).followed(at)); }

  Told ask(std::string_view method, std::string_view target, bool over_unix = true) {
    TestExchange test(shard);
    test.request(method, target, "weir");
    test.connection.administrative = over_unix;
    handler.begin(test.exchange);
    Result<Answer> answer = shard.run_to_end(handler.handle(test.exchange));
    if (!answer) answer = handler.error_answer(test.exchange, answer.error());
    Told told{.status = answer->head.status, .text = {}};
    if (answer->body) told.text = (*answer->body->try_read())->bytes;
    return told;
  }
  Told order(std::string_view verb, std::string_view more = {}) {
    return ask("POST", std::string("/upstreams/") + std::string(verb) +
                           "?upstream=shop&endpoint=10.0.0.2%3A80&format=text" + std::string(more));
  }
  std::string listed() { return ask("GET", "/upstreams?format=text").text; }

  TestShard shard;
  std::shared_ptr<Gateway> gateway = std::make_shared<Gateway>();
  OneCore operations{shard, gateway};
  AdminHandler handler{operations};
};

TEST_F(UpstreamsPageTest, shows_each_endpoint_with_its_reason_and_its_time) {
  const Time now = shard.shard().reactor.now();
  endpoint(0)->checked.set(CheckState::down);
  endpoint(0)->check_reason.set("status");
  endpoint(0)->check_number.set(503);
  endpoint(0)->checked_since.set(now - 5min);
  endpoint(1)->ejected_for.set(OutlierSign::consecutive_errors);
  endpoint(1)->ejected_at.set(now - 10s);
  endpoint(1)->ejected_until.set(now + 20s);
  const Observation busy = in_flight(2);
  EXPECT_EQ(listed(),
            "shop: none, 1 of 3 in use (some_left_out)\n"
            "  endpoint     state                                            weight  in flight  requests  failed\n"
            "  10.0.0.1:80  down: status 503 for 5 min                       4       0          0         0\n"
            "  10.0.0.2:80  ejected: consecutive_errors for 10 s, 20 s left  4       0          0         0\n"
            "  10.0.0.3:80  in use                                           4       1          0         0\n");
  const std::string json = ask("GET", "/upstreams?name=shop").text;
  EXPECT_TRUE(json.contains("\"state\":\"ejected\"")) << json;
  EXPECT_TRUE(json.contains("\"until\":\"")) << json;
  EXPECT_TRUE(json.contains("\"use\":\"healthy\"")) << json;
  EXPECT_EQ(ask("GET", "/upstreams?name=other").status, 404);
}

TEST_F(UpstreamsPageTest, drained_endpoint_gets_nothing_new_and_what_it_has_is_counted) {
  std::optional<Observation> busy = in_flight(1);
  const Told told = order("drain");
  EXPECT_EQ(told.status, 202);
  EXPECT_EQ(told.text, "10.0.0.2:80 of shop gets no new requests; 1 request in flight\n");
  EXPECT_TRUE(state().endpoints()[1].drained);
  EXPECT_TRUE(listed().contains("drained by the operator for 0 s"));
  EXPECT_TRUE(listed().contains("2 of 3 in use (drained_by_operator)"));
  busy.reset();
  EXPECT_EQ(order("drain").text, "10.0.0.2:80 of shop gets no new requests; it was so already; 0 requests in flight\n");
  EXPECT_EQ(order("drain").status, 200);
  EXPECT_EQ(order("enable").text, "10.0.0.2:80 of shop is used again\n");
  EXPECT_FALSE(state().endpoints()[1].drained);
}

TEST_F(UpstreamsPageTest, whoever_waits_hears_when_the_last_request_has_ended) {
  std::optional<Observation> busy = in_flight(1);
  const Time begin = shard.shard().reactor.now();
  EXPECT_EQ(order("drain", "&wait=7s").status, 202) << "its time is over, and one is left";
  EXPECT_GE(shard.shard().reactor.now() - begin, 7s);
  busy.reset();
  const Time again = shard.shard().reactor.now();
  EXPECT_EQ(order("drain", "&wait=7s").status, 200);
  EXPECT_EQ(shard.shard().reactor.now(), again);
}

TEST_F(UpstreamsPageTest, last_one_that_is_well_stays_unless_it_is_forced) {
  endpoint(0)->admin.set(AdminState::disabled);
  endpoint(2)->checked.set(CheckState::down);
  EXPECT_EQ(order("drain").status, 409);
  EXPECT_EQ(endpoint(1)->admin.get(), AdminState::enabled);
  EXPECT_EQ(order("disable", "&force=1").status, 200);
  EXPECT_EQ(endpoint(1)->admin.get(), AdminState::disabled);
}

TEST_F(UpstreamsPageTest, weight_is_another_until_the_configured_one_is_asked_for) {
  EXPECT_EQ(order("weight", "&weight=9").text, "10.0.0.2:80 of shop has the weight 9\n");
  std::string_view reason;
  state().pick(cluster().balancer(), {}, reason);
  EXPECT_EQ(state().endpoints()[1].weight, 9U);
  EXPECT_TRUE(listed().contains("9 (configured 4)"));
  EXPECT_EQ(order("weight", "&weight=0").status, 400);
  EXPECT_EQ(order("weight", "&weight=1001").status, 400);
  EXPECT_EQ(order("weight").status, 400);
  EXPECT_EQ(order("weight", "&weight=default").text, "10.0.0.2:80 of shop has the weight 4, as configured\n");
  state().pick(cluster().balancer(), {}, reason);
  EXPECT_EQ(state().endpoints()[1].weight, 4U);
}

TEST_F(UpstreamsPageTest, enabling_ends_an_ejection) {
  const Time now = shard.shard().reactor.now();
  endpoint(1)->ejected_at.set(now);
  endpoint(1)->ejected_until.set(now + 1h);
  cluster().health()->changed();
  state().look_at_health();
  EXPECT_FALSE(state().endpoints()[1].available);
  EXPECT_EQ(order("enable").status, 200);
  EXPECT_TRUE(state().endpoints()[1].available);
}

TEST_F(UpstreamsPageTest, who_is_not_known_is_told_who_is) {
  const Told nobody = ask("POST", "/upstreams/drain?upstream=shop&endpoint=10.0.0.9:80&format=text");
  EXPECT_EQ(nobody.status, 404);
  EXPECT_TRUE(nobody.text.contains("there is 10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80")) << nobody.text;
  EXPECT_EQ(ask("POST", "/upstreams/drain?upstream=ship&endpoint=10.0.0.1:80").status, 404);
  EXPECT_EQ(ask("POST", "/upstreams/drain?upstream=shop").status, 400);
  EXPECT_EQ(order("drain", "&wait=soon").status, 400);
  EXPECT_EQ(order("vanish").status, 404);
}

TEST_F(UpstreamsPageTest, words_are_taken_through_the_unix_socket_only) {
  const std::string target = "/upstreams/drain?upstream=shop&endpoint=10.0.0.2:80";
  EXPECT_EQ(ask("POST", target, false).status, 403);
  EXPECT_EQ(ask("GET", target).status, 405);
  EXPECT_EQ(endpoint(1)->admin.get(), AdminState::enabled);
  EXPECT_EQ(ask("GET", "/upstreams", false).status, 200);
}

TEST(EndpointMetrics, beyond_their_maximum_endpoints_are_added_up) {
  UpstreamTotals upstream{.name = "large", .balancer = "none", .verdict = {}, .endpoints = {}};
  for (std::size_t at = 0; at < limits::endpoints_with_metrics + 3; ++at)
    upstream.endpoints.push_back({.address = "10.0.0.1:" + std::to_string(at + 1), .in_flight = 2});
  Exposition page;
  add_endpoints(page, {upstream});
  const std::string text = page.take();
  EXPECT_TRUE(text.contains("weir_upstream_endpoint_in_flight{upstream=\"other\",endpoint=\"other\"} 6\n"));
  EXPECT_TRUE(text.contains("weir_upstream_endpoint_in_flight{upstream=\"large\",endpoint=\"10.0.0.1:1\"} 2\n"));
  EXPECT_FALSE(text.contains("\"10.0.0.1:1001\""));
}

}  // namespace
}  // namespace weir
