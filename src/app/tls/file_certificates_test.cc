// Certificates and keys of tickets, in files on a real disk: what is wrong with them, and what becomes of changed ones.
#include "app/tls/file_certificates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "contracts/testing/temporary_folder.h"
#include "contracts/testing/test_shard.h"
#include "net/tls/client_context.h"
#include "net/tls/testing/status_asker.h"
#include "net/tls/testing/test_authority.h"
#include "runtime/wait_out.h"
#include "upstream/testing/scripted_server.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// A key of tickets, as files have it.
std::string ticket_key(char name) {
  return std::string(16, name) + std::string(64, static_cast<char>(name + 1));
}

class FileCertificatesTest : public testing::Test {
 protected:
  FileCertificatesTest() {
    const tls::TestCertificate shop = tls::test_root().issue({.names = {"shop.test"}});
    folder.write("shop.pem", shop.certificate);
    folder.write("shop.key", shop.key);
    config::CertificateDocument written;
    written.certificate = folder.path("shop.pem");
    written.key = folder.path("shop.key");
    document.certificates = {written};
    document.path = "listeners[0].tls";
  }

  std::shared_ptr<FileCertificates> open() { return open_at(tls::certificate_time()); }
  std::shared_ptr<FileCertificates> open_at(WallTime now) {
    diagnostics = {};
    const FileCertificates::Around around{
        .listener = "web", .tickets = std::make_shared<tls::TicketKeys>(), .files = files, .diagnostics = diagnostics};
    return FileCertificates::open(document, around, now);
  }

  /// A client comes. \returns  whether it resumed
  bool resumes(FileCertificates& server, const std::shared_ptr<tls::SavedSession>& saved) {
    if (client == nullptr)
      client = tls::ClientContext::make({.authorities = tls::test_root().pem(), .name = "shop.test"}).value();
    const auto there =
        server.on(shard.shard()).accept(server_bench, shard.shard().reactor.now(), shard.shard().reactor.wall_now());
    const auto here = client->connect(client_bench, saved);
    std::string to_client;
    for (int flights = 0; flights < 3; ++flights) {
      EXPECT_TRUE(here->shake(to_client));
      const std::string to_server = here->owed();
      EXPECT_TRUE(there->shake(to_server));
      to_client = there->owed();
    }
    std::string room(1000, 0);  // what comes behind the handshake is the ticket
    EXPECT_TRUE(here->open(to_client, room));
    EXPECT_EQ(here->facts().resumed, there->facts().resumed);
    return here->facts().resumed;
  }
  void pass(Duration duration) { shard.run_to_end(wait_out(shard.shard().reactor, duration)); }

  TemporaryFolder folder;
  std::vector<std::string> told;
  WatchedFiles files{[this](bool, const std::string& sentence) { told.push_back(sentence); }};
  Diagnostics diagnostics;
  config::TlsDocument document;
  TestShard shard;
  tls::Workbench server_bench;
  tls::Workbench client_bench;
  std::shared_ptr<const tls::ClientContext> client;
};

TEST_F(FileCertificatesTest, machines_with_the_same_ticket_keys_resume_each_others_sessions) {
  const auto saved = std::make_shared<tls::SavedSession>();
  const auto one = open();
  const auto stranger = open();
  EXPECT_FALSE(resumes(*one, saved));
  EXPECT_TRUE(resumes(*one, saved));
  EXPECT_FALSE(resumes(*stranger, saved)) << "keys that were made there are there alone";

  folder.write("ticket.keys", ticket_key('a'));
  document.ticket_keys = folder.path("ticket.keys");
  const auto two = open();
  const auto three = open();
  EXPECT_FALSE(resumes(*two, saved));
  EXPECT_TRUE(resumes(*three, saved));
  EXPECT_TRUE(resumes(*two, saved));
}

TEST_F(FileCertificatesTest, ticket_keys_that_moved_on_still_open_old_tickets) {
  folder.write("ticket.keys", ticket_key('a'));
  document.ticket_keys = folder.path("ticket.keys");
  const auto server = open();
  const auto early = std::make_shared<tls::SavedSession>();
  const auto late = std::make_shared<tls::SavedSession>();
  EXPECT_FALSE(resumes(*server, early));
  EXPECT_FALSE(resumes(*server, late));
  const auto replace = [&](const std::string& keys) {
    folder.write("ticket.keys", keys);
    pass(limits::watched_file_interval);
    server->on(shard.shard());
  };
  replace(ticket_key('d') + ticket_key('a'));
  EXPECT_TRUE(resumes(*server, early)) << "sealed with the first key from now on";
  replace("half a key");
  EXPECT_TRUE(told.back().ends_with("those before stay in force")) << told.back();
  replace(ticket_key('g') + ticket_key('d'));
  EXPECT_TRUE(resumes(*server, early));
  EXPECT_FALSE(resumes(*server, late)) << "its key has gone";
}

TEST_F(FileCertificatesTest, one_with_a_mistake_holds_up_no_other) {
  const auto renew_till = [&](const std::string& name) {
    const tls::TestCertificate till = tls::test_root().issue({.names = {name}});
    folder.write("till.pem", till.certificate + till.key);
  };
  renew_till("till.test");
  config::CertificateDocument written;
  written.certificate = written.key = folder.path("till.pem");
  document.certificates.push_back(written);
  const auto server = open();
  ASSERT_NE(server, nullptr) << diagnostics.text();
  server->on(shard.shard());
  const auto look = [&] {
    pass(limits::watched_file_interval);
    server->on(shard.shard());
  };
  folder.write("shop.key", "half a k");
  renew_till("new.till.test");
  look();
  EXPECT_TRUE(server->latest()->knows("new.till.test"));
  EXPECT_TRUE(server->latest()->knows("shop.test")) << "as it was";
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told.back().contains("shop.key")) << told.back();
  EXPECT_TRUE(told.back().ends_with("in place of what has mistakes, those before stay in force")) << told.back();
  renew_till("newest.till.test");
  look();
  EXPECT_TRUE(server->latest()->knows("newest.till.test"));
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(told.back().ends_with("certificates are read again, because a file has changed")) << told.back();
  EXPECT_FALSE(told.back().contains("shop.")) << "said once: " << told.back();
  const tls::TestCertificate shop = tls::test_root().issue({.names = {"new.shop.test"}});
  folder.write("shop.pem", shop.certificate);
  folder.write("shop.key", shop.key);
  look();
  EXPECT_TRUE(server->latest()->knows("new.shop.test"));
}

TEST_F(FileCertificatesTest, ticket_keys_that_are_none_are_told_with_what_to_do) {
  document.ticket_keys = folder.path("ticket.keys");
  EXPECT_EQ(open(), nullptr);
  EXPECT_EQ(diagnostics.all().back().message,
            "cannot read " + folder.path("ticket.keys") + ": No such file or directory");
  folder.write("ticket.keys", std::string(48, 'a'));
  EXPECT_EQ(open(), nullptr);
  EXPECT_EQ(diagnostics.all().back().path, "listeners[0].tls.ticket_keys");
  EXPECT_EQ(diagnostics.all().back().message,
            folder.path("ticket.keys") +
                " holds no keys of tickets: it has 48 bytes; one, two or three keys of 80 bytes have 80, 160 or 240");
  EXPECT_TRUE(diagnostics.all().back().suggestion.starts_with("openssl rand 80 > ")) << diagnostics.text();
  folder.write("ticket.keys", ticket_key('a'), 0644);
  EXPECT_NE(open(), nullptr);
  EXPECT_EQ(diagnostics.all().back().message,
            "everybody on this machine may read the key " + folder.path("ticket.keys") + " (mode 0644)");
}

/// Certificates of which their authority says something, by the clock of the test's reactor.
class StapleTest : public FileCertificatesTest {
 protected:
  StapleTest() {
    make_shop({});
    document.certificates.front().ocsp = folder.path("shop.ocsp");
  }

  void make_shop(std::vector<std::pair<int, std::string>> extensions) {
    shop = authority.issue(
        {.names = {"shop.test"}, .from_day = -9'000, .until_day = 9'000, .extensions = std::move(extensions)});
    folder.write("shop.pem", shop.certificate + authority.pem());
    folder.write("shop.key", shop.key);
  }
  std::shared_ptr<FileCertificates> open() { return open_at(shard.shard().reactor.wall_now()); }

  std::string word(int until_hour, int status = V_OCSP_CERTSTATUS_GOOD) {
    const auto ahead = static_cast<int>((shard.shard().reactor.wall_now() - tls::certificate_time()) / 1h);
    return authority.word_on(shop.certificate,
                             {.status = status, .from_hour = ahead - 9, .until_hour = ahead + until_hour});
  }

  /// What a client that asks is shown (RFC 6066 section 8): nothing, when it is not stapled.
  std::string shown(FileCertificates& server) { return shown_by(server.on(shard.shard())); }
  std::string shown_by(const tls::ServerContext& context) {
    tls::StatusAsker asker;
    const Reactor& reactor = shard.shard().reactor;
    const auto there = context.accept(server_bench, reactor.now(), shard.shard().reactor.wall_now());
    EXPECT_TRUE(there->shake(asker.shake({})));
    asker.shake(there->owed());
    return asker.shown();
  }
  std::string shown_after_look(FileCertificates& server) {
    pass(limits::watched_file_interval);
    server.on(shard.shard());
    return shown(server);
  }

  const tls::TestAuthority authority{{.names = {}, .subject = "Old root", .from_day = -9'000, .until_day = 9'000},
                                     nullptr};
  tls::TestCertificate shop;
};

TEST_F(StapleTest, word_of_the_authority_is_shown_to_who_asks) {
  const std::string said = word(9);
  folder.write("shop.ocsp", said);
  const auto server = open();
  ASSERT_NE(server, nullptr);
  EXPECT_TRUE(diagnostics.all().empty()) << diagnostics.text();
  EXPECT_TRUE(shown(*server) == said);
}

TEST_F(StapleTest, word_that_is_no_good_is_told_and_not_shown) {
  const auto complaint = [&](const std::string& said) {
    folder.write("shop.ocsp", said);
    const auto server = open();
    EXPECT_NE(server, nullptr) << "without it the site is served, too";
    EXPECT_TRUE(shown(*server).empty());
    return diagnostics.all().empty() ? "" : diagnostics.all().back().message;
  };
  EXPECT_TRUE(complaint(word(-1)).starts_with("this OCSP answer is not shown: it is stale since "));
  EXPECT_EQ(complaint("no answer"), "this OCSP answer is not shown: it is no OCSP answer");
  EXPECT_TRUE(complaint(word(9, V_OCSP_CERTSTATUS_REVOKED)).contains("was revoked on")) << diagnostics.text();
  document.certificates.front().ocsp = folder.path("nowhere.ocsp");
  EXPECT_TRUE(complaint("").starts_with("cannot read " + folder.path("nowhere.ocsp"))) << diagnostics.text();
}

TEST_F(StapleTest, certificate_that_must_be_stapled_warns_when_nothing_is) {
  make_shop({{NID_tlsfeature, "status_request"}, {NID_info_access, "OCSP;URI:http://ocsp.test/"}});
  document.certificates.front().ocsp.clear();
  ASSERT_NE(open(), nullptr);
  ASSERT_EQ(diagnostics.all().size(), 1U) << diagnostics.text();
  EXPECT_TRUE(diagnostics.all().back().message.contains("(must-staple), and nothing is shown"));
  EXPECT_TRUE(diagnostics.all().back().suggestion.contains("-url http://ocsp.test/")) << diagnostics.text();
  document.certificates.front().ocsp = folder.path("shop.ocsp");
  folder.write("shop.ocsp", word(9));
  ASSERT_NE(open(), nullptr);
  EXPECT_TRUE(diagnostics.all().empty()) << diagnostics.text();
}

TEST_F(StapleTest, new_word_is_taken_over_and_a_bad_one_leaves_the_last_good_one) {
  folder.write("shop.ocsp", word(8));
  const auto server = open();
  server->on(shard.shard());
  const std::string second = word(9);
  folder.write("shop.ocsp", second);
  EXPECT_TRUE(shown_after_look(*server) == second);
  folder.write("shop.ocsp", "half an answer");
  EXPECT_TRUE(shown_after_look(*server) == second);
  EXPECT_TRUE(told.back().contains("this OCSP answer is not shown: it is no OCSP answer")) << told.back();
  folder.write("shop.ocsp", word(9, V_OCSP_CERTSTATUS_REVOKED));
  EXPECT_TRUE(shown_after_look(*server).empty()) << "what was revoked is not called good any more";
}

TEST_F(StapleTest, word_that_becomes_stale_is_not_shown_any_more) {
  folder.write("shop.ocsp", word(2));
  const auto server = open();
  server->on(shard.shard());
  EXPECT_FALSE(shown(*server).empty());
  const auto before = server->latest();
  for (int half_hours = 0; half_hours < 6; ++half_hours) pass(30min);
  EXPECT_TRUE(shown_by(*before).empty()) << "nor by whom nobody has looked after since";
  EXPECT_TRUE(shown_after_look(*server).empty());
  ASSERT_FALSE(told.empty());
  EXPECT_TRUE(told.back().contains("listener web: an OCSP answer has become stale")) << told.back();
}

TEST_F(StapleTest, files_with_mistakes_keep_no_word_back) {
  folder.write("shop.ocsp", word(8));
  const auto server = open();
  server->on(shard.shard());
  folder.write("shop.key", "no key");
  EXPECT_FALSE(shown_after_look(*server).empty());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told.back().ends_with("those before stay in force")) << told.back();
  for (int half_hours = 0; half_hours < 18; ++half_hours) pass(30min);
  EXPECT_TRUE(shown_after_look(*server).empty()) << "it is stale";
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(told.back().contains("an OCSP answer has become stale")) << told.back();
  const auto last = server->latest();
  for (int again = 0; again < 3; ++again) shown_after_look(*server);
  EXPECT_EQ(server->latest(), last) << "nothing is made again where nothing has changed";
  EXPECT_EQ(told.size(), 2U);
}

/// Their authority is asked.
class FetchedStapleTest : public StapleTest {
 protected:
  FetchedStapleTest() {
    make_shop({{NID_info_access, "OCSP;URI:http://10.0.0.1/ask"}});
    document.certificates.front().ocsp.clear();
    document.fetch_ocsp = true;
    say(word(9));
  }
  ~FetchedStapleTest() override {
    responder.stop();
    shard.world().run_until([&] { return responder.stopped(); });
  }

  std::shared_ptr<FileCertificates> open() {
    diagnostics = {};
    const FileCertificates::Around around{.listener = "web",
                                          .tickets = std::make_shared<tls::TicketKeys>(),
                                          .answers = answers,
                                          .files = files,
                                          .diagnostics = diagnostics};
    return FileCertificates::open(document, around, shard.shard().reactor.wall_now());
  }
  void say(const std::string& content) {
    responder.answer = "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(content.size()) + "\r\n\r\n" + content;
  }
  /// A look asks, the next one finds what was said.
  std::string shown_after_asking(FileCertificates& server) {
    shown_after_look(server);
    pass(1min);
    return shown_after_look(server);
  }

  std::shared_ptr<OcspAnswers> answers = std::make_shared<OcspAnswers>();
  ScriptedServer responder{shard.shard().reactor, UpstreamAddress{*socket_address(*parse_endpoint("10.0.0.1:80"))}};
};

TEST_F(FetchedStapleTest, word_of_who_was_asked_is_shown) {
  const auto server = open();
  server->on(shard.shard());
  EXPECT_TRUE(responder.answer.ends_with(shown_after_asking(*server)));
  EXPECT_FALSE(shown(*server).empty());
  say(word(9, V_OCSP_CERTSTATUS_REVOKED));
  for (int half_hours = 0; half_hours < 12; ++half_hours) pass(30min);
  EXPECT_TRUE(shown_after_asking(*server).empty());
  EXPECT_TRUE(told.back().contains("was revoked on")) << told.back();
}

TEST_F(FetchedStapleTest, refused_configuration_leaves_those_who_serve_alone) {
  const auto server = open();
  server->on(shard.shard());
  const std::string first = shown_after_asking(*server);
  open();
  folder.write("shop.pem", shop.certificate + authority.pem() + "# read again\n");
  EXPECT_TRUE(shown_after_look(*server) == first);
  for (int half_hours = 0; half_hours < 12; ++half_hours) pass(30min);
  say(word(9));
  const std::string second = shown_after_asking(*server);
  EXPECT_FALSE(second.empty());
  EXPECT_FALSE(second == first);
  EXPECT_EQ(responder.heard.size(), 2U);
}

TEST_F(FetchedStapleTest, word_is_taken_over_by_those_it_is_about) {
  const auto server = open();
  const tls::TestCertificate other = tls::test_root().issue({.names = {"other.test"}});
  folder.write("other.pem", other.certificate);
  folder.write("other.key", other.key);
  document.certificates.front().certificate = folder.path("other.pem");
  document.certificates.front().key = folder.path("other.key");
  const auto another = open();
  const auto before = another->latest();
  server->on(shard.shard());
  another->on(shard.shard());
  EXPECT_FALSE(shown_after_asking(*server).empty());
  pass(limits::watched_file_interval);
  another->on(shard.shard());
  EXPECT_EQ(another->latest(), before);
}

TEST_F(FileCertificatesTest, authority_that_has_expired_is_told_with_its_line) {
  const tls::TestAuthority old({.names = {}, .subject = "Old", .from_day = -9, .until_day = -2}, nullptr);
  folder.write("ca.pem", "staff\n" + old.pem());
  document.clients.emplace();
  document.clients->authorities = folder.path("ca.pem");
  EXPECT_EQ(open(), nullptr);
  ASSERT_EQ(diagnostics.all().size(), 1U);
  EXPECT_TRUE(diagnostics.text().contains(folder.path("ca.pem") + ":2:1: ")) << diagnostics.text();
  EXPECT_TRUE(diagnostics.all().back().message.starts_with("the authority CN=Old expired on ")) << diagnostics.text();
  folder.write("ca.pem", tls::test_root().issue({.names = {"a.test"}}).key);
  EXPECT_EQ(open(), nullptr);
  EXPECT_TRUE(diagnostics.all().back().message.starts_with("there is no certificate of an authority in it"));
}

TEST_F(FileCertificatesTest, list_that_expires_is_told_once) {
  folder.write("ca.pem", tls::test_root().pem());
  folder.write("ca.crl", tls::test_root().revoke({}, -9'000));  // also by the clock of the simulation
  document.clients.emplace();
  document.clients->mode = tls::ClientCertificates::optional;
  document.clients->authorities = folder.path("ca.pem");
  document.clients->revocation = folder.path("ca.crl");
  const auto server = open();
  ASSERT_NE(server, nullptr) << "as with certificates that have expired";
  EXPECT_TRUE(diagnostics.all().back().message.starts_with("the list of CN=Test root expired on "));
  const auto look = [&] {
    pass(limits::watched_file_interval);
    server->on(shard.shard());
  };
  server->on(shard.shard());
  for (int again = 0; again < 3; ++again) look();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told.front().ends_with("listener web: a list of revoked certificates has expired")) << told.front();
  folder.write("ca.crl", tls::test_root().revoke({}));
  look();
  EXPECT_TRUE(told.back().ends_with("certificates are read again, because a file has changed")) << told.back();
  folder.write("ca.crl", tls::test_root().pem());
  look();
  EXPECT_TRUE(told.back().contains("there is no list of revoked certificates in it")) << told.back();
  EXPECT_TRUE(told.back().ends_with("those before stay in force")) << told.back();
}

}  // namespace
}  // namespace weir
