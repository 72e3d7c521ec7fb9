// Each way in which a chain can be wrong is told with who has to act.
#include "net/tls/examination.h"

#include <gtest/gtest.h>

#include "net/tls/testing/test_authority.h"

namespace weir::tls {
namespace {

const TestAuthority& middle() {
  static const TestAuthority authority({.names = {}, .subject = "Test middle"}, &test_root());
  return authority;
}

Examination examine(const std::string& chain, const std::string& authorities) {
  return examine_chain(chain, "shop.test", authorities, certificate_time());
}

void expect_only(const Examination& examination, Fault fault, std::string_view words) {
  ASSERT_EQ(examination.diagnoses.size(), 1U);
  EXPECT_EQ(examination.diagnoses[0].fault, fault) << examination.diagnoses[0].what;
  EXPECT_TRUE(examination.diagnoses[0].what.contains(words)) << examination.diagnoses[0].what;
  EXPECT_FALSE(examination.diagnoses[0].advice.empty());
}

TEST(TlsExamination, finds_nothing_wrong_with_a_whole_chain) {
  const Examination got =
      examine(middle().issue({.names = {"shop.test"}}).certificate + middle().pem(), test_root().pem());
  EXPECT_TRUE(got.good()) << got.diagnoses.front().what;
  ASSERT_EQ(got.chain.size(), 2U);
  EXPECT_EQ(got.chain[0].issuer, "CN=Test middle");
  EXPECT_EQ(got.chain[0].key, "ECDSA 256");
}

TEST(TlsExamination, a_missing_link_is_the_servers_fault) {
  expect_only(examine(middle().issue({.names = {"shop.test"}}).certificate, ""), Fault::server,
              "does not send the certificate of CN=Test middle");
}

TEST(TlsExamination, an_unknown_root_is_this_machines) {
  const std::string whole = middle().issue({.names = {"shop.test"}}).certificate + middle().pem() + test_root().pem();
  expect_only(examine(whole, ""), Fault::client, "the root CN=Test root is not trusted");
  const TestAuthority stranger("Stranger");
  expect_only(examine(middle().issue({.names = {"shop.test"}}).certificate + middle().pem(), stranger.pem()),
              Fault::client, "CN=Test root is not known here");
}

TEST(TlsExamination, who_signed_itself_is_told_so) {
  expect_only(examine_chain(test_root().pem(), "", "", certificate_time()), Fault::client, "has signed itself");
}

TEST(TlsExamination, a_wrong_name_is_told_with_those_there_are) {
  expect_only(examine(test_root().issue({.names = {"till.test", "*.till.test"}}).certificate, test_root().pem()),
              Fault::name, "not for shop.test: it is for till.test, *.till.test");
}

TEST(TlsExamination, time_is_the_servers_or_the_clocks) {
  expect_only(examine(test_root().issue({.names = {"shop.test"}, .from_day = -9, .until_day = -2}).certificate,
                      test_root().pem()),
              Fault::server, "expired on ");
  expect_only(examine(test_root().issue({.names = {"shop.test"}, .from_day = 3}).certificate, test_root().pem()),
              Fault::client, "valid only from ");
}

TEST(TlsExamination, says_all_that_is_wrong_at_once) {
  const TestAuthority stranger("Stranger");
  const Examination got =
      examine(test_root().issue({.names = {"till.test"}, .from_day = -9, .until_day = -2}).certificate, stranger.pem());
  EXPECT_EQ(got.diagnoses.size(), 3U);
}

}  // namespace
}  // namespace weir::tls
