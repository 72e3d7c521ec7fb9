// An answer is judged as a client would: about whom, by whom, until when, saying what.
#include "net/tls/ocsp.h"

#include <gtest/gtest.h>

#include "net/tls/testing/test_authority.h"

namespace weir::tls {
namespace {

Certificate read(const std::string& pem) {
  return Certificate(PEM_read_bio_X509(bio_over(pem).get(), nullptr, nullptr, nullptr));
}

class OcspTest : public testing::Test {
 protected:
  OcspVerdict judge(const std::string& answer, const std::string& issuer = test_root().pem()) {
    return judge_ocsp(answer, read(shop.certificate).get(), read(issuer).get(), certificate_time());
  }
  void expect_useless(const std::string& answer, std::string_view words) {
    const OcspVerdict got = judge(answer);
    EXPECT_EQ(got.status, CertificateStatus::unusable);
    EXPECT_TRUE(got.what.contains(words)) << got.what;
    EXPECT_FALSE(got.advice.empty());
  }

  const TestCertificate shop = test_root().issue({.names = {"shop.test"}});
};

TEST_F(OcspTest, a_word_of_the_issuer_holds_until_it_says) {
  for (const EVP_MD* digest : {EVP_sha1(), EVP_sha256()}) {
    const OcspVerdict got = judge(test_root().word_on(shop.certificate, {.digest = digest}));
    EXPECT_EQ(got.status, CertificateStatus::good) << got.what;
    EXPECT_GT(got.until, certificate_time() + std::chrono::hours{23});
    EXPECT_LT(got.until, certificate_time() + std::chrono::hours{25});
  }
}

TEST_F(OcspTest, an_issuer_that_is_no_root_is_believed_as_well) {
  const TestAuthority middle({.names = {}, .subject = "Middle"}, &test_root());
  const TestCertificate till = middle.issue({.names = {"till.test"}});
  const OcspVerdict got = judge_ocsp(middle.word_on(till.certificate), read(till.certificate).get(),
                                     read(middle.pem()).get(), certificate_time());
  EXPECT_EQ(got.status, CertificateStatus::good) << got.what;
}

TEST_F(OcspTest, whom_the_issuer_appointed_may_sign_and_nobody_else) {
  const TestCertificate responder =
      test_root().issue({.subject = "responder", .extensions = {{NID_ext_key_usage, "OCSPSigning"}}});
  EXPECT_EQ(judge(test_root().word_on(shop.certificate, {}, &responder)).status, CertificateStatus::good);
  const TestCertificate customer = test_root().issue({.subject = "customer"});
  expect_useless(test_root().word_on(shop.certificate, {}, &customer), "signed neither by CN=Test root");
  const TestCertificate foreign =
      test_stranger().issue({.subject = "foreign", .extensions = {{NID_ext_key_usage, "OCSPSigning"}}});
  expect_useless(test_root().word_on(shop.certificate, {}, &foreign), "signed neither by CN=Test root");
  const TestCertificate past = test_root().issue(
      {.subject = "past", .from_day = -9, .until_day = -2, .extensions = {{NID_ext_key_usage, "OCSPSigning"}}});
  expect_useless(test_root().word_on(shop.certificate, {}, &past), "signed neither by CN=Test root");
}

TEST_F(OcspTest, a_word_on_another_certificate_is_none_on_this_one) {
  expect_useless(test_root().word_on(test_root().issue({.names = {"shop.test"}}).certificate),
                 "about another certificate");
  expect_useless(test_stranger().word_on(shop.certificate), "about another certificate");
}

TEST_F(OcspTest, a_word_holds_in_its_time_only) {
  expect_useless(test_root().word_on(shop.certificate, {.from_hour = -9, .until_hour = -1}), "stale since");
  expect_useless(test_root().word_on(shop.certificate, {.from_hour = 2, .until_hour = 9}), "holds only from");
  expect_useless(test_root().word_on(shop.certificate, {.until_hour = 0}), "does not say until when");
}

TEST_F(OcspTest, what_is_revoked_is_told_with_its_day) {
  const OcspVerdict got = judge(test_root().word_on(shop.certificate, {.status = V_OCSP_CERTSTATUS_REVOKED}));
  EXPECT_EQ(got.status, CertificateStatus::revoked);
  EXPECT_TRUE(got.what.starts_with("CN=test was revoked on ")) << got.what;
  EXPECT_EQ(judge(test_root().word_on(shop.certificate, {.status = V_OCSP_CERTSTATUS_UNKNOWN})).status,
            CertificateStatus::unknown);
}

TEST_F(OcspTest, what_is_no_answer_is_told_so) {
  expect_useless("", "it is no OCSP answer");
  expect_useless(shop.certificate, "it is no OCSP answer");
  const std::string whole = test_root().word_on(shop.certificate);
  for (std::size_t size = 1; size < whole.size(); size += 7)
    EXPECT_EQ(judge(whole.substr(0, size)).status, CertificateStatus::unusable) << size;
  std::string damaged = whole;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  EXPECT_EQ(judge(damaged).status, CertificateStatus::unusable) << "the signature is the last of it";
  EXPECT_EQ(judge_ocsp(whole, read(shop.certificate).get(), nullptr, certificate_time()).status,
            CertificateStatus::unusable)
      << "without an issuer there is nobody to believe";
}

TEST_F(OcspTest, certificates_say_whether_they_must_be_stapled_and_where_to_ask) {
  EXPECT_FALSE(must_staple(read(shop.certificate).get()));
  EXPECT_EQ(ocsp_address(read(shop.certificate).get()), "");
  const TestCertificate strict = test_root().issue(
      {.names = {"a.test"},
       .extensions = {{NID_tlsfeature, "status_request"}, {NID_info_access, "OCSP;URI:http://ocsp.test/a"}}});
  EXPECT_TRUE(must_staple(read(strict.certificate).get()));
  EXPECT_EQ(ocsp_address(read(strict.certificate).get()), "http://ocsp.test/a");
}

}  // namespace
}  // namespace weir::tls
