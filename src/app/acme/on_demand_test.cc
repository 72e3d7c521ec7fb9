// Which names are had on demand: by pattern, by asking, so many an hour, and what was issued before for nothing.
#include "app/acme/on_demand.h"

#include <gtest/gtest.h>

#include "contracts/testing/temporary_folder.h"
#include "contracts/testing/test_shard.h"
#include "upstream/testing/scripted_server.h"

namespace weir::acme {
namespace {

using namespace std::chrono_literals;

class AcmeOnDemand : public testing::Test {
 protected:
  ~AcmeOnDemand() override {
    endpoint.stop();
    test.world().run_until([&] { return endpoint.stopped(); });
  }

  void rule(OnDemandRules rules) {
    auto authority = std::make_shared<Authority>();
    authority->settings.directory = *parse_url("https://ca.test/directory");
    authority->settings.context = tls::ClientContext::make({.verify = false}).value();
    on_demand = std::make_unique<OnDemand>(std::move(rules), ChallengeKind::http_01, authority, states);
  }
  bool had(const std::string& name) {
    return test.run_to_end(on_demand->certificate_for(test.shard(), name)) != nullptr;
  }
  std::vector<std::string> let_go() {
    return on_demand->let_go_of_failed(test.shard().reactor.now(), test.shard().reactor.wall_now());
  }
  static std::string answer(int status) {
    return "HTTP/1.1 " + std::to_string(status) + " Said\r\ncontent-length: 0\r\n\r\n";
  }

  TemporaryFolder folder;
  TestShard test;
  SharedStates states;
  ScriptedServer endpoint{test.shard().reactor, UpstreamAddress{*socket_address(*parse_endpoint("10.0.0.5:80"))}};
  std::unique_ptr<OnDemand> on_demand;
};

TEST_F(AcmeOnDemand, patterns_say_which_names) {
  rule({.patterns = {"*.shop.test", "one.test"}});
  EXPECT_TRUE(had("ann.shop.test"));
  EXPECT_TRUE(had("one.test"));
  for (const char* name : {"shop.test", "a.b.shop.test", "two.test", "", "shop", "10.0.0.1", "*.shop.test",
                           "../x.shop.test", "a_b.shop.test"}) {
    EXPECT_FALSE(had(name)) << name;
  }
  EXPECT_EQ(on_demand->all().size(), 2U);
  EXPECT_TRUE(had("ann.shop.test")) << "and it is the same one";
  EXPECT_EQ(on_demand->all().size(), 2U);
}

TEST_F(AcmeOnDemand, an_endpoint_is_asked) {
  rule({.ask = parse_url("http://10.0.0.5/may-have?of=us")});
  endpoint.answer_to = [](std::string_view request) { return answer(request.contains("domain=ann.test") ? 204 : 403); };
  EXPECT_TRUE(had("ann.test"));
  EXPECT_FALSE(had("bob.test"));
  EXPECT_TRUE(endpoint.heard.front().starts_with("GET /may-have?of=us&domain=ann.test HTTP/1.1\r\n"));
  EXPECT_TRUE(had("ann.test"));
  EXPECT_FALSE(had("bob.test"));
  EXPECT_EQ(endpoint.heard.size(), 2U) << "neither is asked about again";
  endpoint.answer_to = [](std::string_view) { return answer(200); };
  test.world().run_for(61s);
  EXPECT_TRUE(had("bob.test")) << "a refusal holds for a minute";
}

TEST_F(AcmeOnDemand, an_endpoint_that_does_not_answer_lets_nobody_in) {
  rule({.ask = parse_url("http://10.0.0.5/")});
  endpoint.die();
  EXPECT_FALSE(had("ann.test"));
  endpoint.come_back();
  endpoint.answer = answer(200);
  EXPECT_TRUE(had("ann.test")) << "and has refused nobody";
}

TEST_F(AcmeOnDemand, both_have_to_allow_it) {
  rule({.patterns = {"*.shop.test"}, .ask = parse_url("http://10.0.0.5/")});
  endpoint.answer = answer(200);
  EXPECT_FALSE(had("other.test"));
  EXPECT_TRUE(endpoint.heard.empty()) << "what no pattern covers is not asked about";
  EXPECT_TRUE(had("ann.shop.test"));
}

TEST_F(AcmeOnDemand, an_hour_has_so_many) {
  rule({.patterns = {"*.shop.test"}, .per_hour = 3});
  for (int number = 0; number < 10; ++number) {
    EXPECT_EQ(had("a" + std::to_string(number) + ".shop.test"), number < 3) << number;
  }
  test.world().run_for(61min);
  EXPECT_TRUE(had("a9.shop.test"));
}

TEST_F(AcmeOnDemand, what_was_issued_before_counts_nothing) {
  const auto vault = std::make_shared<const Vault>(folder.path("acme"));
  ASSERT_TRUE(vault->write(*parse_url("https://ca.test/directory"), "old.shop.test.pem", "a certificate"));
  rule({.patterns = {"*.shop.test"}, .per_hour = 1});
  on_demand->share(vault);
  EXPECT_TRUE(had("new.shop.test"));
  EXPECT_TRUE(had("old.shop.test"));
  EXPECT_FALSE(had("newer.shop.test"));
}

TEST_F(AcmeOnDemand, names_that_their_authority_refuses_are_forgotten_for_a_while) {
  rule({.patterns = {"*.shop.test"}});
  ASSERT_TRUE(had("ann.shop.test"));
  ASSERT_TRUE(had("bob.shop.test"));
  EXPECT_TRUE(let_go().empty()) << "they are on their way";
  on_demand->all().front()->note_trouble({.kind = Trouble::Kind::refused, .what = "no"}, WallTime{}, 1min);
  on_demand->all().back()->note_trouble({.kind = Trouble::Kind::unreachable, .what = "?"}, WallTime{}, 5s);
  EXPECT_EQ(let_go(), std::vector<std::string>{"ann.shop.test"});
  EXPECT_FALSE(had("ann.shop.test"));
  test.world().run_for(15min);
  EXPECT_TRUE(had("ann.shop.test"));
  test.world().run_for(24h);
  EXPECT_EQ(let_go().size(), 2U) << "for a day nobody has issued any";
}

TEST(AcmeGivenUp, is_what_has_no_certificate_and_was_refused_or_is_old) {
  CertificateStatus status{.as_of = WallTime{1h}};
  EXPECT_FALSE(is_given_up(status, 23h));
  EXPECT_TRUE(is_given_up(status, 24h));
  status.failures = 1;
  status.kind = Trouble::Kind::limited;
  EXPECT_FALSE(is_given_up(status, 1h)) << "that the authority has had enough is not the name's fault";
  status.kind = Trouble::Kind::refused;
  EXPECT_TRUE(is_given_up(status, 1h));
  status.being_issued = true;
  EXPECT_FALSE(is_given_up(status, 48h));
  status = {.as_of = WallTime{1h}, .issued = true, .lifetime = {.from = {}, .until = WallTime{2h}}, .failures = 9};
  EXPECT_FALSE(is_given_up(status, 1000h)) << "as long as what there is holds";
  status.as_of = WallTime{2h};
  EXPECT_TRUE(is_given_up(status, 1000h));
}

TEST(AcmeOnDemandVerdicts, have_an_order) {
  const auto verdict = [](OnDemandFacts facts) { return decide_on_demand(facts); };
  const OnDemandFacts good{.is_host_name = true, .covered = true, .begun = 0, .per_hour = 1};
  EXPECT_EQ(verdict(good), OnDemandVerdict::allowed);
  EXPECT_EQ(verdict({}), OnDemandVerdict::no_host_name);
  EXPECT_EQ(verdict({.is_host_name = true}), OnDemandVerdict::not_covered);
  OnDemandFacts facts = good;
  facts.begun = 1;
  EXPECT_EQ(verdict(facts), OnDemandVerdict::too_many_this_hour);
  facts.known = 10'000;
  EXPECT_EQ(verdict(facts), OnDemandVerdict::too_many);
  facts.refused_lately = true;
  EXPECT_EQ(verdict(facts), OnDemandVerdict::refused_lately);
}

}  // namespace
}  // namespace weir::acme
