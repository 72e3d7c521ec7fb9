// Certificates from an authority that is made up, in virtual time: the first one, renewals, bad nonces, refusals, an
// authority that is down, two processes with one vault.
#include "app/acme/keeper.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "app/acme/on_demand.h"
#include "app/acme/testing/fake_authority.h"
#include "contracts/testing/temporary_folder.h"
#include "contracts/testing/test_shard.h"
#include "net/tls/issuing.h"

namespace weir::acme {
namespace {

using namespace std::chrono_literals;

/// A process: its certificates, and who keeps them.
struct TestProcess {
  TestProcess(Shard& shard_in, std::shared_ptr<const Vault> vault_in) : shard(shard_in), vault(std::move(vault_in)) {}

  [[nodiscard]] std::shared_ptr<const Authority> authority() const {
    auto made = std::make_shared<Authority>();
    made->name = "test";
    made->settings = settings;
    made->settings.directory = *parse_url("http://10.0.0.1:14000/directory");
    made->settings.context = tls::ClientContext::make({.verify = false}).value();
    return made;
  }
  std::shared_ptr<ManagedCertificate> want(const std::string& name) {
    auto wanted = states.find_or_make<ManagedCertificate>(
        ManagedCertificate::key_of({name}, *authority(), ChallengeKind::http_01),
        [&] { return std::make_shared<ManagedCertificate>(std::vector{name}, ChallengeKind::http_01, authority()); });
    KeeperBell::of(states)->ring();
    return wanted;
  }
  [[nodiscard]] Keeper::Tell tell() {
    return [this](bool good, const std::string& sentence) { (good ? news : complaints).push_back(sentence); };
  }
  void start() {
    keeper = std::make_unique<Keeper>(shard, states, vault, tell());
    keeper->start();
  }

  /// As if it had been issued in another life.
  void put_into_vault(const ManagedCertificate& certificate) {
    const auto key = tls::SigningKey::make();
    const WallTime now = shard.reactor.wall_now();
    const std::string chain = tls::test_root().grant(tls::certificate_request(*key, certificate.names()),
                                                     {.names = certificate.names()}, now, now + 24h * 90);
    ASSERT_TRUE(
        vault->write(certificate.authority().settings.directory, certificate.file_name() + ".pem", chain + key->pem()));
  }

  Shard& shard;
  AuthoritySettings settings;
  SharedStates states;
  std::shared_ptr<const Vault> vault;
  std::unique_ptr<Keeper> keeper;
  std::vector<std::string> news;
  std::vector<std::string> complaints;
};

class AcmeKeeper : public testing::Test {
 protected:
  AcmeKeeper() {
    authority.look = [this](const std::string& token) { return vault->read_challenge(token).value_or("nothing"); };
  }
  ~AcmeKeeper() override {
    authority.server.stop();
    test.shard().scope.cancel(gateway_error(Code::draining));
    test.world().run_until([&] { return authority.server.stopped() && test.shard().scope.running() == 0; });
  }

  bool until(const std::function<bool()>& done, Duration patience = 10min) {
    return test.world().run_until(done, patience);
  }
  [[nodiscard]] WallTime now() { return test.shard().reactor.wall_now(); }
  [[nodiscard]] CertificateStatus status(const std::shared_ptr<ManagedCertificate>& certificate) {
    return certificate->status(now());
  }

  TemporaryFolder folder;
  TestShard test;
  Duration behind{};  // the authority's clock, of ours
  FakeAuthority authority{test.shard().reactor, "10.0.0.1:14000", [this] { return now() - behind; }};
  std::shared_ptr<const Vault> vault = std::make_shared<const Vault>(folder.path("acme"));
  TestProcess process{test.shard(), vault};
};

struct Follower final : ManagedCertificate::Follower {
  void certificate_changed(WallTime) override { ++changes; }
  unsigned changes = 0;
};

TEST_F(AcmeKeeper, has_a_certificate_issued_and_shows_it) {
  process.settings.contacts = {"ops@shop.test"};
  const auto shop = process.want("shop.test");
  const auto follower = std::make_shared<Follower>();
  shop->follow(std::weak_ptr<ManagedCertificate::Follower>(follower));
  shop->follow(std::weak_ptr<ManagedCertificate::Follower>(follower));
  const auto stand_in = shop->identity(now());
  EXPECT_EQ(stand_in->title(), "shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).issued; })) << testing::PrintToString(process.complaints);
  EXPECT_NE(shop->identity(now()), stand_in);
  EXPECT_EQ(shop->identity(now())->names(), std::vector<std::string>{"shop.test"});
  EXPECT_EQ(follower->changes, 1U);
  ASSERT_EQ(authority.seen_proofs.size(), 1U);
  EXPECT_TRUE(authority.seen_proofs.front().starts_with("token-1.")) << "what it found when it looked";
  EXPECT_TRUE(authority.account_payloads.front().contains("mailto:ops@shop.test"));
  EXPECT_TRUE(authority.account_payloads.front().contains("\"termsOfServiceAgreed\":true"));
  EXPECT_TRUE(until([&] { return !vault->read_challenge("token-1"); }, 1s)) << "nothing is left standing";
  EXPECT_TRUE(until([&] { return status(shop).renewal.has_value(); }, 1s));
  EXPECT_FALSE(status(shop).being_issued);
  EXPECT_TRUE(process.news.back().starts_with("certificate shop.test: issued by test, valid until "));
}

TEST_F(AcmeKeeper, sends_again_what_was_refused_for_its_nonce) {
  authority.bad_nonces = 10;
  const auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).issued; }));
  EXPECT_EQ(authority.bad_nonces, 0U);
  EXPECT_TRUE(process.complaints.empty());
}

TEST_F(AcmeKeeper, does_not_send_for_ever_to_who_refuses_every_nonce) {
  authority.bad_nonces = 1'000'000;
  const auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).failures == 1; }));
  EXPECT_LT(authority.server.heard.size(), 20U);
  EXPECT_TRUE(status(shop).trouble.contains("badNonce")) << status(shop).trouble;
}

TEST_F(AcmeKeeper, tries_again_and_again_while_the_authority_is_down) {
  authority.server.die();
  const auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).failures == 4; }));
  EXPECT_FALSE(status(shop).issued);
  EXPECT_EQ(status(shop).trouble,
            "10.0.0.1:14000 cannot be asked: connect_refused: the upstream refused the connection");
  EXPECT_TRUE(process.complaints.front().contains("clients are shown a self-signed one meanwhile; next try in"))
      << process.complaints.front();
  authority.server.come_back();
  ASSERT_TRUE(until([&] { return status(shop).issued; }, 2min));
  EXPECT_EQ(status(shop).failures, 0U);
  EXPECT_EQ(status(shop).trouble, "");
}

TEST_F(AcmeKeeper, waits_longer_where_it_was_refused) {
  authority.proofs_fail = true;
  const auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).failures == 1; }));
  EXPECT_TRUE(status(shop).trouble.contains("shop.test (http-01): connection")) << status(shop).trouble;
  EXPECT_GE(*status(shop).next_try - now(), 50s);
  test.world().run_for(40s);
  EXPECT_EQ(authority.orders, 1U) << "authorities count refusals";
  authority.proofs_fail = false;
  EXPECT_TRUE(until([&] { return status(shop).issued; }, 3min));
}

TEST_F(AcmeKeeper, hears_when_an_authority_has_had_enough) {
  authority.every_answer = "HTTP/1.1 429 Slow\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n";
  const auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).failures == 1; }));
  EXPECT_GE(*status(shop).next_try - now(), 59min);
}

TEST_F(AcmeKeeper, is_told_where_a_directory_went_and_does_not_follow) {
  authority.every_answer = "HTTP/1.1 308 Elsewhere\r\nlocation: http://10.0.0.9/directory\r\ncontent-length: 0\r\n\r\n";
  const auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).failures == 1; }));
  EXPECT_EQ(status(shop).trouble,
            "the directory is elsewhere (status 308): write directory: http://10.0.0.9/directory");
}

TEST_F(AcmeKeeper, takes_nonsense_for_what_it_is) {
  authority.every_answer = "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n<html></html>";
  const auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).failures == 1; }));
  EXPECT_EQ(status(shop).trouble, "the authority's answer is no directory as ACME has it");
}

TEST_F(AcmeKeeper, keeps_what_there_was_when_nonsense_is_issued) {
  const auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).issued; }));
  const std::string shown = shop->text();
  authority.issues_nonsense = true;
  ASSERT_TRUE(until([&] { return status(shop).failures == 1; }, 6h));
  EXPECT_EQ(status(shop).trouble, "what was issued cannot be used: there is no certificate in it");
  EXPECT_EQ(shop->text(), shown);
  const auto kept = vault->read(shop->authority().settings.directory, "shop.test.pem");
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ(**kept, shown) << "a restart has to find it";
}

TEST_F(AcmeKeeper, tells_which_key_of_an_account_cannot_be_read_and_that_it_is_not_the_authoritys_fault) {
  const auto shop = process.want("shop.test");
  ASSERT_TRUE(vault->write(shop->authority().settings.directory, "account.key", "half of a k"));
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).failures == 1; }));
  EXPECT_EQ(status(shop).trouble, vault->path_of(shop->authority().settings.directory, "account.key") +
                                      " is no key that can be read; move it away, and there is a new account");
  EXPECT_TRUE(process.complaints.back().starts_with("certificate shop.test: cannot be had from test (/"))
      << process.complaints.back();
  EXPECT_TRUE(authority.account_payloads.empty());
}

TEST_F(AcmeKeeper, renews_in_time_and_shows_the_old_one_until_then) {
  authority.lasts = 6h;
  const auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).issued; }));
  const WallTime first = status(shop).lifetime.until;
  authority.server.die();
  test.world().run_for(4h + 30min);  // it should have been renewed at four hours
  EXPECT_EQ(status(shop).lifetime.until, first) << "what there is stays";
  EXPECT_GT(status(shop).failures, 1U);
  EXPECT_TRUE(process.complaints.back().contains("stays; next try in")) << process.complaints.back();
  test.world().run_for(2h);
  EXPECT_TRUE(process.complaints.back().contains("clients are shown the one that expired at "))
      << process.complaints.back();
  authority.server.come_back();
  ASSERT_TRUE(until([&] { return status(shop).lifetime.until > first; }, 20min));
  EXPECT_EQ(authority.accounts, 1U) << "an account is made once";
  EXPECT_TRUE(authority.order_payloads.back().contains("\"replaces\":\"YXV0aG9yaXR5."))
      << authority.order_payloads.back();
}

TEST_F(AcmeKeeper, renews_when_the_authority_wants_it_and_not_more_often) {
  authority.lasts = std::chrono::hours{24 * 90};
  const auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).issued && status(shop).renewal; }));
  const WallTime first = status(shop).lifetime.until;
  authority.window = R"("start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z")";
  test.world().run_for(6h);
  EXPECT_EQ(authority.orders, 1U) << "what is new is not replaced at once, whoever wants it";
  ASSERT_TRUE(until([&] { return status(shop).lifetime.until > first; }, std::chrono::hours{24 * 3}));
  EXPECT_EQ(authority.orders, 2U);
  test.world().run_for(6h);
  EXPECT_EQ(authority.orders, 2U) << "and the next one is asked about, too";
}

TEST_F(AcmeKeeper, does_not_spend_certificates_when_clocks_differ) {
  authority.lasts = std::chrono::hours{24 * 90};
  behind = std::chrono::hours{24 * 80};
  const auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).issued; }));
  test.world().run_for(6h);
  EXPECT_LE(authority.orders, 7U) << "each of them is due as soon as it is there";
  EXPECT_GE(authority.orders, 2U);
}

TEST_F(AcmeKeeper, a_restart_with_many_does_not_ask_for_all_their_renewals_at_once) {
  authority.lasts = std::chrono::hours{24 * 90};
  constexpr unsigned many = 40;
  const auto renewals_asked = [&] {
    return std::ranges::count_if(authority.server.heard, [](const auto& each) { return each.contains("/renewal/"); });
  };
  std::vector<std::shared_ptr<ManagedCertificate>> all;
  for (unsigned number = 0; number < many; ++number) {
    all.push_back(process.want("n" + std::to_string(number) + ".test"));
    process.put_into_vault(*all.back());
  }
  restore_certificates(process.states, vault, now(), process.tell());
  process.start();
  test.world().run_for(1min);
  EXPECT_LT(renewals_asked(), 6);
  test.world().run_for(1h + 1min);
  EXPECT_GE(renewals_asked(), many);
}

TEST_F(AcmeKeeper, two_processes_with_one_vault_have_it_issued_once) {
  TestProcess other{test.shard(), vault};
  const auto here = process.want("shop.test");
  const auto there = other.want("shop.test");
  process.start();
  other.start();
  ASSERT_TRUE(until([&] { return status(here).issued && status(there).issued; }));
  EXPECT_EQ(authority.orders, 1U);
  EXPECT_EQ(authority.accounts, 1U);
  EXPECT_EQ(here->text(), there->text());
  for (const auto& each : {here, there}) {
    EXPECT_EQ(status(each).trouble, "") << "that the other was at it is over";
    EXPECT_EQ(status(each).next_try, std::nullopt);
  }
  test.shard().scope.cancel(gateway_error(Code::draining));
  until([&] { return test.shard().scope.running() == 0; });
}

TEST_F(AcmeKeeper, a_failure_is_over_when_another_process_has_had_it_issued) {
  TestProcess other{test.shard(), vault};
  const auto here = process.want("shop.test");
  authority.proofs_fail = true;
  process.start();
  ASSERT_TRUE(until([&] { return status(here).failures == 1; }));
  authority.proofs_fail = false;
  const auto there = other.want("shop.test");
  other.start();
  ASSERT_TRUE(until([&] { return status(here).issued && status(there).issued; }));
  EXPECT_EQ(authority.orders, 2U);
  EXPECT_EQ(status(here).failures, 0U);
  EXPECT_EQ(status(here).trouble, "");
  EXPECT_EQ(status(here).next_try, std::nullopt);
  test.shard().scope.cancel(gateway_error(Code::draining));
  until([&] { return test.shard().scope.running() == 0; });
}

TEST_F(AcmeKeeper, a_name_on_demand_that_is_refused_is_not_tried_for_ever) {
  const auto on_demand = process.states.find_or_make<OnDemand>("on demand", [&] {
    return std::make_shared<OnDemand>(OnDemandRules{.patterns = {"*.shop.test"}}, ChallengeKind::http_01,
                                      process.authority(), process.states);
  });
  process.start();
  authority.proofs_fail = true;
  ASSERT_NE(test.run_to_end(on_demand->certificate_for(test.shard(), "ann.shop.test")), nullptr);
  test.world().run_for(24h);
  EXPECT_EQ(authority.orders, 1U);
  EXPECT_TRUE(on_demand->all().empty());
  EXPECT_EQ(process.complaints.back(), "certificate ann.shop.test: given up until a client asks for it again");
  authority.proofs_fail = false;
  const auto again = test.run_to_end(on_demand->certificate_for(test.shard(), "ann.shop.test"));
  ASSERT_NE(again, nullptr) << "its owner has seen to it";
  EXPECT_TRUE(until([&] { return status(again).issued; }));
}

TEST_F(AcmeKeeper, a_restart_asks_nobody) {
  {
    const auto shop = process.want("shop.test");
    process.start();
    ASSERT_TRUE(until([&] { return status(shop).issued; }));
  }
  TestProcess next{test.shard(), vault};
  const auto shop = next.want("shop.test");
  restore_certificates(next.states, vault, now(), next.tell());
  EXPECT_TRUE(status(shop).issued);
  EXPECT_EQ(authority.orders, 1U);
  EXPECT_TRUE(next.complaints.empty());
}

TEST_F(AcmeKeeper, a_name_in_a_new_group_is_shown_what_the_vault_has_for_it) {
  process.put_into_vault(*process.want("shop.test"));
  const auto wider = process.states.find_or_make<ManagedCertificate>("wider", [&] {
    return std::make_shared<ManagedCertificate>(std::vector<std::string>{"shop.test", "www.shop.test"},
                                                ChallengeKind::http_01, process.authority());
  });
  const auto follower = std::make_shared<Follower>();
  wider->follow(std::weak_ptr<ManagedCertificate::Follower>(follower));
  restore_certificates(process.states, vault, now(), process.tell());
  ASSERT_EQ(wider->others().size(), 1U);
  EXPECT_EQ(wider->others().front()->names(), std::vector<std::string>{"shop.test"});
  EXPECT_FALSE(wider->facts());
  EXPECT_EQ(process.news.back(),
            "certificate shop.test: there is none yet: clients are shown what there was before "
            "until test has issued it");
  EXPECT_EQ(follower->changes, 1U);
  restore_certificates(process.states, vault, now(), process.tell());
  EXPECT_EQ(follower->changes, 1U) << "a reload finds it there";
}

TEST_F(AcmeKeeper, who_follows_many_is_told_once_of_all_that_is_restored) {
  const auto follower = std::make_shared<Follower>();
  std::vector<std::shared_ptr<ManagedCertificate>> all;
  for (const char* name : {"one.test", "two.test", "three.test"}) {
    all.push_back(process.want(name));
    all.back()->follow(std::weak_ptr<ManagedCertificate::Follower>(follower));
    process.put_into_vault(*all.back());
  }
  restore_certificates(process.states, vault, now(), process.tell());
  for (const auto& each : all) EXPECT_TRUE(each->facts()) << each->names().front();
  EXPECT_EQ(follower->changes, 1U);
  restore_certificates(process.states, vault, now(), process.tell());
  EXPECT_EQ(follower->changes, 1U) << "a reload restores what is new";
}

TEST_F(AcmeKeeper, a_broken_vault_is_said_and_costs_nothing_else) {
  folder.write("acme", "this is a file where the folder should be");
  const auto shop = process.want("shop.test");
  restore_certificates(process.states, vault, now(), process.tell());
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).failures == 1; }));
  EXPECT_FALSE(status(shop).trouble.empty());
  EXPECT_EQ(authority.orders, 0U) << "what could not be kept is not asked for";
  EXPECT_NE(shop->identity(now()), nullptr);
}

TEST_F(AcmeKeeper, external_accounts_are_bound) {
  authority.knows_external_accounts = true;
  const auto without = process.want("without.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(without).failures == 1; }));
  EXPECT_EQ(status(without).trouble, "the authority wants an external account: write tls.acme.external_account");
  process.settings.external_account = ExternalAccount{.key_id = "kid-1", .secret = "secret"};
  const auto with = process.want("with.test");
  ASSERT_TRUE(until([&] { return status(with).issued; }));
  EXPECT_TRUE(authority.account_payloads.back().contains("externalAccountBinding"));
}

TEST_F(AcmeKeeper, each_external_account_has_an_account_of_its_own) {
  process.settings.external_account = ExternalAccount{.key_id = "kid-1", .secret = "secret"};
  const auto one = process.want("one.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(one).issued; }));
  process.settings.external_account->key_id = "kid-2";
  const auto two = process.want("two.test");
  ASSERT_TRUE(until([&] { return status(two).issued; }));
  EXPECT_EQ(authority.accounts, 2U);
  EXPECT_NE(one->authority().account(), two->authority().account());
  EXPECT_NE(process.want("one.test")->file_name(), one->file_name()) << "nor do they take over each other's";
}

TEST_F(AcmeKeeper, an_account_that_is_found_again_is_told_the_addresses_of_now) {
  process.settings.contacts = {"ann@shop.test"};
  const auto one = process.want("one.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(one).issued; }));
  process.settings.contacts = {"bob@shop.test"};
  const auto two = process.want("two.test");
  ASSERT_TRUE(until([&] { return status(two).issued; }));
  EXPECT_EQ(authority.accounts, 1U);
  EXPECT_EQ(authority.account_payloads.back(), R"({"contact":["mailto:bob@shop.test"]})");
  EXPECT_EQ(process.want("one.test")->file_name(), one->file_name()) << "which costs no certificate";
}

TEST_F(AcmeKeeper, what_no_configuration_wants_any_more_is_left_alone) {
  authority.server.die();
  auto shop = process.want("shop.test");
  process.start();
  ASSERT_TRUE(until([&] { return status(shop).failures == 1; }));
  shop.reset();
  const std::uint32_t before = test.shard().scope.running();
  EXPECT_TRUE(until([&] { return test.shard().scope.running() < before; }, 2min));
}

TEST(AcmeKeeping, what_is_due_is_done_in_order) {
  EXPECT_EQ(decide_keeping({}).duty, Duty::have_issued) << "the first one";
  EXPECT_EQ(decide_keeping({.rest = 10s}).sleep, 10s);
  EXPECT_EQ(decide_keeping({.issued = true}).duty, Duty::have_issued);
  EXPECT_EQ(decide_keeping({.issued = true, .rest = 1h}).duty, Duty::sleep) << "what is new already due waits, too";
  EXPECT_EQ(decide_keeping({.issued = true, .until_renewal = 1h}).duty, Duty::sleep);
  EXPECT_EQ(decide_keeping({.issued = true, .until_renewal = 1h}).sleep, 1min) << "others may be faster";
  EXPECT_EQ(decide_keeping({.issued = true, .until_renewal = 1h, .until_advice = 0s}).duty, Duty::ask_advice);
  EXPECT_EQ(decide_keeping({.issued = true, .until_renewal = 1h, .until_advice = 20s}).sleep, 20s);
  EXPECT_EQ(decide_keeping({.issued = true, .until_renewal = -1h, .rest = 30s, .until_advice = 0s}).sleep, 30s)
      << "a renewal that failed waits for its next try";
}

}  // namespace
}  // namespace weir::acme
