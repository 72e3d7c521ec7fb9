// Certificates that an authority issues, beside those of files: what clients are shown before, and from then on.
#include <gtest/gtest.h>

#include <thread>

#include "app/tls/file_certificates.h"
#include "contracts/testing/temporary_folder.h"
#include "contracts/testing/test_shard.h"
#include "net/tls/client_context.h"
#include "net/tls/testing/status_asker.h"
#include "net/tls/testing/test_authority.h"
#include "upstream/testing/scripted_server.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

class IssuedCertificates : public testing::Test {
 protected:
  IssuedCertificates() {
    authority->settings.directory = *parse_url("https://ca.test/directory");
    authority->settings.context = tls::ClientContext::make({.verify = false}).value();
    managed = std::make_shared<acme::ManagedCertificate>(std::vector<std::string>{"shop.test"},
                                                         acme::ChallengeKind::http_01, authority);
    on_demand = std::make_shared<acme::OnDemand>(acme::OnDemandRules{.patterns = {"*.shop.test"}},
                                                 acme::ChallengeKind::http_01, authority, states);
    document.path = "listeners[0].tls";
    document.acme.emplace();
  }

  std::shared_ptr<FileCertificates> open(bool with_demand = false) {
    FileCertificates::Around around{.listener = "web",
                                    .tickets = std::make_shared<tls::TicketKeys>(),
                                    .answers = std::make_shared<OcspAnswers>(),
                                    .files = files,
                                    .diagnostics = diagnostics};
    if (with_demand)
      around.on_demand = on_demand;
    else
      around.managed = {managed};
    return FileCertificates::open(document, around, tls::certificate_time());
  }
  static std::string issued(const std::string& name, int from_day = -1, int until_day = 30) {
    const tls::TestCertificate made =
        tls::test_root().issue({.names = {name}, .from_day = from_day, .until_day = until_day});
    return made.certificate + made.key;
  }
  /// Whether a client that believes the authority gets a connection.
  bool convinces(FileCertificates& server, const std::string& name = "shop.test") {
    const auto client = tls::ClientContext::make({.authorities = tls::test_root().pem(), .name = name}).value();
    const auto there =
        server.on(shard.shard()).accept(server_bench, shard.shard().reactor.now(), shard.shard().reactor.wall_now());
    const auto here = client->connect(client_bench, nullptr);
    std::string to_client;
    for (int flights = 0; flights < 3; ++flights) {
      if (!here->shake(to_client)) return false;
      if (!there->shake(here->owed())) return false;
      to_client = there->owed();
    }
    return true;
  }

  TestShard shard;
  WatchedFiles files;
  Diagnostics diagnostics;
  config::TlsDocument document;
  SharedStates states;
  std::shared_ptr<acme::Authority> authority = std::make_shared<acme::Authority>();
  std::shared_ptr<acme::ManagedCertificate> managed;
  std::shared_ptr<acme::OnDemand> on_demand;
  tls::Workbench server_bench;
  tls::Workbench client_bench;
};

TEST_F(IssuedCertificates, are_shown_from_the_next_connection_on) {
  const auto server = open();
  ASSERT_NE(server, nullptr) << diagnostics.text();
  EXPECT_TRUE(server->on(shard.shard()).knows("shop.test")) << "the stand-in has the name";
  EXPECT_FALSE(convinces(*server));
  EXPECT_EQ(managed->take(issued("shop.test"), tls::certificate_time()), std::nullopt);
  EXPECT_TRUE(convinces(*server));
}

TEST_F(IssuedCertificates, are_not_replaced_by_what_is_none_of_theirs) {
  const auto server = open();
  managed->take(issued("shop.test"), tls::certificate_time());
  const std::string shown = managed->text();
  const tls::TestCertificate one = tls::test_root().issue({.names = {"shop.test"}});
  const tls::TestCertificate other = tls::test_root().issue({.names = {"shop.test"}});
  EXPECT_TRUE(managed->take("", tls::certificate_time()));
  EXPECT_TRUE(managed->take(one.certificate, tls::certificate_time())) << "no key";
  EXPECT_TRUE(managed->take(one.certificate + other.key, tls::certificate_time())) << "another's key";
  EXPECT_TRUE(managed->take(issued("other.test"), tls::certificate_time())) << "other names";
  EXPECT_TRUE(managed->take(issued("shop.test", -2, 40), tls::certificate_time())) << "an older one";
  EXPECT_EQ(managed->text(), shown);
  EXPECT_TRUE(convinces(*server));
}

TEST_F(IssuedCertificates, are_replaced_by_a_newer_one_whose_life_is_shorter) {
  const auto server = open();
  managed->take(issued("shop.test", -9, 80), tls::certificate_time());
  const std::string newer = issued("shop.test", -1, 40);
  EXPECT_EQ(managed->take(newer, tls::certificate_time()), std::nullopt);
  EXPECT_EQ(managed->text(), newer);
}

TEST_F(IssuedCertificates, of_other_names_or_authorities_are_shown_until_there_is_one) {
  managed->take(issued("shop.test"), tls::certificate_time());
  const auto wider = std::make_shared<acme::ManagedCertificate>(std::vector<std::string>{"shop.test", "www.shop.test"},
                                                                acme::ChallengeKind::http_01, authority);
  wider->follow_upon({managed->identity(tls::certificate_time())});
  EXPECT_TRUE(wider->status(tls::certificate_time()).others_shown);
  EXPECT_FALSE(wider->status(tls::certificate_time()).issued);
  managed = wider;
  const auto server = open();
  EXPECT_TRUE(convinces(*server)) << "as it was before";
  EXPECT_TRUE(server->latest()->knows("www.shop.test"));
  EXPECT_FALSE(convinces(*server, "www.shop.test")) << "which nobody has signed yet";
  const tls::TestCertificate made = tls::test_root().issue({.names = wider->names()});
  EXPECT_EQ(wider->take(made.certificate + made.key, tls::certificate_time()), std::nullopt);
  EXPECT_TRUE(convinces(*server));
  EXPECT_TRUE(convinces(*server, "www.shop.test"));
  EXPECT_TRUE(wider->others().empty());
}

TEST_F(IssuedCertificates, that_change_at_once_are_all_shown) {
  const auto server = open(true);
  constexpr unsigned many = 8;
  std::vector<std::shared_ptr<acme::ManagedCertificate>> all;
  for (unsigned number = 0; number < many; ++number) {
    all.push_back(
        shard.run_to_end(on_demand->certificate_for(shard.shard(), "n" + std::to_string(number) + ".shop.test")));
    all.back()->follow(server->weak_from_this());
  }
  {
    std::vector<std::jthread> threads;
    for (const auto& each : all)
      threads.emplace_back([&] { each->take(issued(each->names().front()), tls::certificate_time()); });
  }
  for (const auto& each : all) EXPECT_TRUE(convinces(*server, each->names().front())) << each->names().front();
}

TEST_F(IssuedCertificates, are_shown_with_what_their_authority_says_of_them) {
  ScriptedServer responder{shard.shard().reactor, UpstreamAddress{*socket_address(*parse_endpoint("10.0.0.1:80"))}};
  const tls::TestAuthority authority{{.names = {}, .subject = "Old root", .from_day = -9'000, .until_day = 9'000},
                                     nullptr};
  const tls::TestCertificate made =
      authority.issue({.names = {"shop.test"},
                       .from_day = -9'000,
                       .until_day = 9'000,
                       .extensions = {{NID_info_access, "OCSP;URI:http://10.0.0.1/ask"}}});
  const auto ahead = static_cast<int>((shard.shard().reactor.wall_now() - tls::certificate_time()) / 1h);
  const std::string word = authority.word_on(made.certificate, {.from_hour = ahead - 1, .until_hour = ahead + 9});
  responder.answer = "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(word.size()) + "\r\n\r\n" + word;
  document.fetch_ocsp = true;
  const auto server = open();
  server->on(shard.shard());
  EXPECT_EQ(managed->take(made.certificate + authority.pem() + made.key, tls::certificate_time()), std::nullopt);
  tls::StatusAsker asker;
  for (int looks = 0; looks < 2; ++looks) {
    shard.world().run_for(limits::watched_file_interval);
    server->on(shard.shard());
    shard.world().run_for(1min);
  }
  const auto there =
      server->on(shard.shard()).accept(server_bench, shard.shard().reactor.now(), shard.shard().reactor.wall_now());
  EXPECT_TRUE(there->shake(asker.shake({})));
  asker.shake(there->owed());
  EXPECT_TRUE(asker.shown() == word);
  responder.stop();
  shard.world().run_until([&] { return responder.stopped(); });
}

TEST_F(IssuedCertificates, on_demand_begin_with_a_stand_in_for_nobody) {
  const auto server = open(true);
  ASSERT_NE(server, nullptr) << diagnostics.text();
  EXPECT_TRUE(server->wants_names());
  EXPECT_FALSE(server->on(shard.shard()).knows("ann.shop.test"));
  Scope waiting(shard.shard().reactor);
  waiting.spawn(server->prepare(shard.shard(), "ann.shop.test", 5s));
  shard.world().run_for(1s);
  EXPECT_EQ(waiting.running(), 1U) << "the handshake waits";
  ASSERT_EQ(on_demand->all().size(), 1U);
  on_demand->all().front()->take(issued("ann.shop.test"), tls::certificate_time());
  EXPECT_TRUE(shard.world().run_until([&] { return waiting.running() == 0; }, 1s));
  EXPECT_TRUE(convinces(*server, "ann.shop.test"));
}

TEST_F(IssuedCertificates, on_demand_are_not_waited_for_for_ever) {
  const auto server = open(true);
  Scope waiting(shard.shard().reactor);
  waiting.spawn(server->prepare(shard.shard(), "ann.shop.test", 5s));
  waiting.spawn(server->prepare(shard.shard(), "other.test", 5s));
  shard.world().settle();
  EXPECT_EQ(waiting.running(), 1U) << "for a name that may not be had nobody waits";
  EXPECT_TRUE(shard.world().run_until([&] { return waiting.running() == 0; }, 6s));
  on_demand->all().front()->note_trouble(acme::Trouble{.what = "refused"}, WallTime{}, 1min);
  waiting.spawn(server->prepare(shard.shard(), "ann.shop.test", 5s));
  EXPECT_TRUE(shard.world().run_until([&] { return waiting.running() == 0; }, 100ms)) << "nor where it has just failed";
}

}  // namespace
}  // namespace weir
