// Each way in which a chain can be wrong is told with who has to act: the cases of badssl.com and BetterTLS, made by an
// authority of the test's own.
#include "net/tls/examination.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "net/tls/testing/test_authority.h"

namespace weir::tls {
namespace {

const TestAuthority& middle() {
  static const TestAuthority authority({.names = {}, .subject = "Test middle"}, &test_root());
  return authority;
}

Inquiry inquiry(const std::string& authorities, const std::string& host = "shop.test") {
  return {.host = host, .authorities = authorities, .revocation = {}, .now = certificate_time()};
}

Examination examine(const std::string& chain, const std::string& authorities = test_root().pem()) {
  return examine_chain(chain, inquiry(authorities));
}

void expect_only(const Examination& examination, Fault fault, std::string_view words) {
  ASSERT_EQ(examination.diagnoses.size(), 1U) << words;
  EXPECT_EQ(examination.diagnoses[0].fault, fault) << examination.diagnoses[0].what;
  EXPECT_TRUE(examination.diagnoses[0].what.contains(words)) << examination.diagnoses[0].what;
  EXPECT_FALSE(examination.diagnoses[0].advice.empty());
}

TEST(TlsExamination, finds_nothing_wrong_with_a_whole_chain) {
  const Examination got = examine(middle().issue({.names = {"shop.test"}}).certificate + middle().pem());
  EXPECT_TRUE(got.good()) << got.diagnoses.front().what;
  ASSERT_EQ(got.chain.size(), 2U);
  EXPECT_EQ(got.chain[0].issuer, "CN=Test middle");
  EXPECT_EQ(got.chain[0].key, "ECDSA 256");
}

TEST(TlsExamination, order_and_company_of_the_chain_do_not_matter) {
  const std::string shop = middle().issue({.names = {"shop.test"}}).certificate;
  for (const std::string& above :
       {test_root().pem() + middle().pem(), test_stranger().pem() + middle().pem(), middle().pem() + middle().pem()})
    EXPECT_TRUE(examine(shop + above).good());
}

TEST(TlsExamination, a_way_that_leads_nowhere_is_no_fault_when_another_leads_to_the_root) {
  // Two certificates of the same authority: one by a stranger, one by the root.
  const TestAuthority crossed({.names = {}, .subject = "Crossed"}, &test_stranger());
  const Examination got =
      examine_chain(crossed.issue({.names = {"shop.test"}}).certificate + crossed.pem(), inquiry(crossed.pem()));
  EXPECT_TRUE(got.good()) << "an authority of the middle that is trusted ends the way";
}

TEST(TlsExamination, a_missing_link_is_the_servers_fault) {
  const std::string shop = middle().issue({.names = {"shop.test"}}).certificate;
  expect_only(examine(shop, ""), Fault::server, "does not send the certificate of CN=Test middle");
  expect_only(examine(shop + test_root().pem()), Fault::server, "does not send the certificate of CN=Test middle");
  const std::string fetchable =
      middle().issue({.names = {"shop.test"}, .issuer_address = "http://middle.test/der"}).certificate;
  const Examination got = examine(fetchable);
  expect_only(got, Fault::server, "does not send the certificate of CN=Test middle");
  EXPECT_TRUE(got.diagnoses[0].advice.contains("curl http://middle.test/der")) << got.diagnoses[0].advice;
}

TEST(TlsExamination, an_unknown_root_is_this_machines) {
  const std::string whole = middle().issue({.names = {"shop.test"}}).certificate + middle().pem() + test_root().pem();
  expect_only(examine(whole, ""), Fault::client, "the root CN=Test root is not trusted");
  const TestAuthority stranger("Stranger");
  expect_only(examine(middle().issue({.names = {"shop.test"}}).certificate + middle().pem(), stranger.pem()),
              Fault::client, "CN=Test root is not known here");
}

TEST(TlsExamination, who_signed_itself_is_told_so) {
  expect_only(examine_chain(test_root().pem(), inquiry("", "")), Fault::client, "has signed itself");
}

TEST(TlsExamination, a_wrong_name_is_told_with_those_there_are) {
  expect_only(examine(test_root().issue({.names = {"till.test", "*.till.test"}}).certificate), Fault::name,
              "not for shop.test: it is for till.test, *.till.test");
  expect_only(examine(test_root().issue({.names = {}, .subject = "shop.test"}).certificate), Fault::name,
              "it names no host in subjectAltName");
}

TEST(TlsExamination, a_wildcard_is_for_one_label_and_an_address_for_itself) {
  const std::string wild = test_root().issue({.names = {"*.a.test", "127.0.0.1"}}).certificate;
  for (const std::string& host : std::vector<std::string>{"shop.a.test", "127.0.0.1"})
    EXPECT_TRUE(examine_chain(wild, inquiry(test_root().pem(), host)).good()) << host;
  for (const std::string& host : std::vector<std::string>{"b.shop.a.test", "a.test", "127.0.0.2"})
    expect_only(examine_chain(wild, inquiry(test_root().pem(), host)), Fault::name, "not for " + host);
}

TEST(TlsExamination, time_is_the_servers_or_the_clocks) {
  expect_only(examine(test_root().issue({.names = {"shop.test"}, .from_day = -9, .until_day = -2}).certificate),
              Fault::server, "expired on ");
  expect_only(examine(test_root().issue({.names = {"shop.test"}, .from_day = 3}).certificate), Fault::client,
              "valid only from ");
}

TEST(TlsExamination, an_expired_authority_is_the_fault_of_whoever_has_to_replace_it) {
  const TestAuthority old_middle({.names = {}, .subject = "Old middle", .from_day = -9, .until_day = -2}, &test_root());
  expect_only(examine(old_middle.issue({.names = {"shop.test"}}).certificate + old_middle.pem()), Fault::server,
              "CN=Old middle expired on ");
  const TestAuthority old_root({.names = {}, .subject = "Old root", .from_day = -9, .until_day = -2}, nullptr);
  expect_only(examine(old_root.issue({.names = {"shop.test"}}).certificate, old_root.pem()), Fault::client,
              "the authority CN=Old root, which is trusted here, expired on ");
}

TEST(TlsExamination, what_may_not_be_done_is_told) {
  const auto below = [](const TestWish& wish, const TestAuthority* above = &test_root()) {
    const TestAuthority odd(wish, above);
    return odd.issue({.names = {"shop.test"}}).certificate + odd.pem();
  };
  expect_only(examine(below({.names = {}, .subject = "Customer", .basic = "critical,CA:FALSE"})), Fault::server,
              "CN=Customer is no authority, and yet issued a certificate");
  const TestAuthority last({.names = {}, .subject = "Last", .basic = "critical,CA:TRUE,pathlen:0"}, &test_root());
  expect_only(examine(below({.names = {}, .subject = "One more"}, &last) + last.pem()), Fault::server,
              "more authorities below CN=Last than it allows");
  expect_only(examine(below({.names = {},
                             .subject = "Elsewhere",
                             .extensions = {{NID_name_constraints, "critical,permitted;DNS:elsewhere.test"}}})),
              Fault::server, "has a name that its authority may not give");
  expect_only(examine(below({.names = {},
                             .subject = "Not here",
                             .extensions = {{NID_name_constraints, "critical,excluded;DNS:shop.test"}}})),
              Fault::server, "has a name that its authority may not give");
  expect_only(
      examine(
          test_root().issue({.names = {"shop.test"}, .extensions = {{NID_ext_key_usage, "clientAuth"}}}).certificate),
      Fault::server, "is not for servers");
}

TEST(TlsExamination, a_signature_that_is_not_the_issuers_is_told) {
  const TestAuthority twin("Test root");  // the same name, another key
  expect_only(examine(twin.issue({.names = {"shop.test"}}).certificate), Fault::server, "is not that of CN=Test root");
}

TEST(TlsExamination, what_is_too_weak_is_told) {
  expect_only(examine(test_root().issue({.names = {"shop.test"}, .rsa_bits = 1024}).certificate), Fault::server,
              "1024 bits is too weak");
  expect_only(examine(test_root().issue({.names = {"shop.test"}, .sha1 = true}).certificate), Fault::server,
              "a digest that nobody accepts");
  const TestAuthority weak({.names = {}, .subject = "Weak middle", .sha1 = true}, &test_root());
  expect_only(examine(weak.issue({.names = {"shop.test"}}).certificate + weak.pem()), Fault::server,
              "CN=Weak middle: the certificate is signed with a digest");
}

TEST(TlsExamination, a_list_of_revoked_certificates_is_looked_at_when_there_is_one) {
  const TestCertificate shop = test_root().issue({.names = {"shop.test"}});
  Inquiry asked = inquiry(test_root().pem());
  asked.revocation = test_root().revoke({});
  EXPECT_TRUE(examine_chain(shop.certificate, asked).good());
  asked.revocation = test_root().revoke({shop.certificate});
  expect_only(examine_chain(shop.certificate, asked), Fault::server, "CN=test was revoked by CN=Test root");
  asked.revocation = test_stranger().revoke({});
  expect_only(examine_chain(shop.certificate, asked), Fault::client, "whether CN=test was revoked cannot be judged");
}

TEST(TlsExamination, what_a_server_staples_is_judged) {
  const TestCertificate shop = test_root().issue({.names = {"shop.test"}});
  const auto stapled = [&](const TestWord& word, const std::string& chain) {
    return examine_chain(chain, inquiry(test_root().pem()), test_root().word_on(shop.certificate, word));
  };
  const Examination good = stapled({}, shop.certificate);
  EXPECT_TRUE(good.good());
  EXPECT_TRUE(good.revocation.starts_with("not revoked, says its authority")) << good.revocation;
  expect_only(stapled({.status = V_OCSP_CERTSTATUS_REVOKED}, shop.certificate), Fault::server, "was revoked on");
  expect_only(stapled({.from_hour = -9, .until_hour = -2}, shop.certificate), Fault::server, "it is stale since");
  expect_only(stapled({}, test_root().issue({.names = {"shop.test"}}).certificate), Fault::server,
              "it is about another certificate");
  expect_only(
      examine(
          test_root().issue({.names = {"shop.test"}, .extensions = {{NID_tlsfeature, "status_request"}}}).certificate),
      Fault::server, "nothing is shown (must-staple)");
}

TEST(TlsExamination, says_all_that_is_wrong_at_once) {
  const TestAuthority stranger("Stranger");
  const Examination got =
      examine(test_root().issue({.names = {"till.test"}, .from_day = -9, .until_day = -2}).certificate, stranger.pem());
  EXPECT_EQ(got.diagnoses.size(), 3U);
}

TEST(TlsExamination, all_names_are_shown_and_none_of_them_moves_the_cursor) {
  const Examination got =
      examine(test_root().issue({.names = {"a.test", "10.0.0.1", "2001:db8::1"}, .extensions = {}}).certificate);
  EXPECT_EQ(got.chain[0].names, (std::vector<std::string>{"a.test", "10.0.0.1", "2001:db8::1"}));
  expect_only(got, Fault::name, "it is for a.test, 10.0.0.1, 2001:db8::1");
  const Examination uri =
      examine(test_root().issue({.extensions = {{NID_subject_alt_name, "URI:spiffe://prod/shop"}}}).certificate);
  expect_only(uri, Fault::name, "it is for spiffe://prod/shop");
  // DNS:"a<ESC>[2J<LF>All is well." in DER.
  const std::string hostile = "DER:30148212611b5b324a0a416c6c2069732077656c6c2e";
  const Examination lied = examine(test_root().issue({.extensions = {{NID_subject_alt_name, hostile}}}).certificate);
  EXPECT_EQ(lied.chain[0].names, (std::vector<std::string>{"a?[2j?all?is?well."}));
}

TEST(TlsExamination, lists_are_judged_up_to_the_root_whatever_else_is_trusted) {
  const TestCertificate shop = middle().issue({.names = {"shop.test"}});
  Inquiry asked = inquiry(test_root().pem() + middle().pem());
  asked.revocation = test_root().revoke({}) + middle().revoke({});
  EXPECT_TRUE(examine_chain(shop.certificate, asked).good());
  asked.revocation = test_root().revoke({}) + middle().revoke({shop.certificate});
  expect_only(examine_chain(shop.certificate, asked), Fault::server, "was revoked by CN=Test middle");
}

TEST(TlsExamination, a_server_that_takes_the_connection_and_says_nothing_is_told_so) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  Inquiry asked = inquiry(test_root().pem());
  asked.patience = std::chrono::milliseconds{20};
  int tries = 0;
  const Examination got = examine_server([&] { return tries++ == 0 ? ends[0] : -1; }, asked);
  ::close(ends[1]);
  expect_only(got, Fault::server, "the handshake was not over after");
  EXPECT_EQ(tries, 1) << "who says nothing says nothing to old programs either";
}

}  // namespace
}  // namespace weir::tls
