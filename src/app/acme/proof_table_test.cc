// What is shown to who looks: here, by other processes, and to nobody who makes tokens up.
#include "app/acme/proof_table.h"

#include <gtest/gtest.h>

#include "contracts/testing/temporary_folder.h"
#include "contracts/testing/test_shard.h"
#include "net/tls/client_context.h"
#include "net/tls/server_context.h"
#include "net/tls/testing/test_authority.h"

namespace weir::acme {
namespace {

class AcmeProofs : public testing::Test {
 protected:
  std::optional<std::string> answer(std::string token) {
    return test.run_to_end(table.answer(test.shard(), std::move(token)));
  }

  TemporaryFolder folder;
  TestShard test;
  ProofTable table;
  const Proof proof{.kind = ChallengeKind::http_01, .name = "shop.test", .token = "abc", .authorization = "abc.print"};
};

TEST_F(AcmeProofs, are_shown_until_they_are_taken_down) {
  EXPECT_FALSE(answer("abc"));
  table.add(proof, WallTime{});
  EXPECT_EQ(answer("abc"), "abc.print");
  EXPECT_FALSE(answer("abcd"));
  table.remove(proof);
  EXPECT_FALSE(answer("abc"));
}

TEST_F(AcmeProofs, of_another_process_are_found_in_the_vault) {
  const auto vault = std::make_shared<const Vault>(folder.path("acme"));
  table.share(vault);
  ASSERT_TRUE(vault->write_challenge("xyz", "xyz.print"));
  EXPECT_EQ(answer("xyz"), "xyz.print");
  vault->remove_challenge("xyz");
  EXPECT_FALSE(answer("xyz"));
}

TEST_F(AcmeProofs, tokens_are_never_paths) {
  folder.write("secret", "the account's key");
  const auto vault = std::make_shared<const Vault>(folder.path("acme"));
  ASSERT_TRUE(vault->write_challenge("xyz", "xyz.print"));
  table.share(vault);
  for (const char* token : {"../../secret", "..", "", "a/b", "xyz/", "./xyz"}) EXPECT_FALSE(answer(token)) << token;
}

/// Clients of a listener that proves names by handshakes.
class AcmeHandshakes : public testing::Test {
 protected:
  AcmeHandshakes() {
    const tls::TestCertificate site = tls::test_root().issue({.names = {"shop.test"}});
    std::vector<tls::Finding> findings;
    server = tls::ServerContext::make(
                 {.shown = {{tls::Identity::read(site.certificate, site.key, tls::certificate_time(), findings)}},
                  .protocols = {"http/1.1"},
                  .clients = tls::ClientCertificates::required,
                  .client_authorities = tls::test_root().pem(),
                  .challenges = table})
                 .value();
    table->add({.kind = ChallengeKind::tls_alpn_01, .name = "shop.test", .token = "abc", .authorization = "abc.print"},
               tls::certificate_time());
  }

  /// \returns  what ALPN chose; nothing when there is no connection
  std::optional<std::string> shake(const std::string& name, std::vector<std::string> protocols) {
    const auto client =
        tls::ClientContext::make({.verify = false, .name = name, .protocols = std::move(protocols)}).value();
    const auto there = server->accept(server_bench, Time{}, tls::certificate_time());
    const auto here = client->connect(client_bench, nullptr);
    std::string to_client;
    bool over = false;
    for (int flights = 0; flights < 3; ++flights) {
      if (!here->shake(to_client)) return {};
      const auto ended = there->shake(here->owed());
      to_client = there->owed();
      if (!ended) return {};
      over = *ended;
    }
    if (!over) return {};
    EXPECT_EQ(there->facts().protocol, here->facts().protocol);
    EXPECT_EQ(there->facts().server_name, name);
    return here->facts().protocol;
  }

  std::shared_ptr<ProofTable> table = std::make_shared<ProofTable>();
  std::shared_ptr<const tls::ServerContext> server;
  tls::Workbench server_bench;
  tls::Workbench client_bench;
};

TEST_F(AcmeHandshakes, show_the_proof_to_who_asks_for_nothing_else) {
  EXPECT_EQ(shake("shop.test", {"acme-tls/1"}), "acme-tls/1") << "and no certificate of a client is wanted";
  EXPECT_FALSE(shake("shop.test", {"acme-tls/1", "http/1.1"})) << "a client like others: one without a certificate";
  EXPECT_FALSE(shake("other.test", {"acme-tls/1"}));
  table->remove(
      {.kind = ChallengeKind::tls_alpn_01, .name = "shop.test", .token = "abc", .authorization = "abc.print"});
  EXPECT_FALSE(shake("shop.test", {"acme-tls/1"}));
}

}  // namespace
}  // namespace weir::acme
