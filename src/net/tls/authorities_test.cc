// What is said of a bundle of authorities, and of certificates that are too weak.
#include "net/tls/authorities.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "net/tls/testing/test_authority.h"

namespace weir::tls {
namespace {

std::uint32_t lines_of(const std::string& text) {
  return static_cast<std::uint32_t>(std::ranges::count(text, '\n'));
}

TEST(TlsAuthorities, says_nothing_of_good_ones) {
  EXPECT_TRUE(judge_authorities(TestAuthority({.names = {}, .subject = "A", .until_day = 90}, nullptr).pem() +
                                    TestAuthority({.names = {}, .subject = "B", .until_day = 90}, nullptr).pem(),
                                certificate_time())
                  .empty());
}

TEST(TlsAuthorities, one_that_has_expired_is_an_error_only_when_there_is_no_other) {
  const std::string old =
      TestAuthority({.names = {}, .subject = "Old", .from_day = -9, .until_day = -2}, nullptr).pem();
  const std::string present = TestAuthority({.names = {}, .subject = "Present", .until_day = 90}, nullptr).pem();
  const auto alone = judge_authorities("a comment\n" + old, certificate_time());
  ASSERT_EQ(alone.size(), 1U);
  EXPECT_TRUE(alone[0].error);
  EXPECT_EQ(alone[0].line, 2U);
  EXPECT_TRUE(alone[0].what.starts_with("the authority CN=Old expired on ")) << alone[0].what;
  EXPECT_TRUE(alone[0].advice.starts_with("put its renewed certificate here"));
  const auto both = judge_authorities(present + old, certificate_time());
  ASSERT_EQ(both.size(), 1U);
  EXPECT_FALSE(both[0].error);
  EXPECT_EQ(both[0].line, lines_of(present) + 1);
}

TEST(TlsAuthorities, one_that_will_expire_or_is_of_the_future_or_weak_is_told) {
  const auto told = [](const TestWish& wish) {
    const auto findings = judge_authorities(TestAuthority(wish, nullptr).pem(), certificate_time());
    return findings.size() == 1 && !findings[0].error ? findings[0].what : "";
  };
  EXPECT_TRUE(told({.names = {}, .subject = "Soon", .until_day = 9}).starts_with("the authority CN=Soon expires on "));
  EXPECT_TRUE(told({.names = {}, .subject = "Later", .from_day = 2, .until_day = 90}).contains("is valid only from"));
  EXPECT_TRUE(told({.names = {}, .subject = "Weak", .rsa_bits = 1024, .until_day = 90}).contains("1024 bits"));
}

TEST(TlsAuthorities, a_file_without_any_is_told_with_what_it_is) {
  const auto first = [](const std::string& bundle) {
    const auto findings = judge_authorities(bundle, certificate_time());
    return findings.size() == 1 && findings[0].error ? findings[0].advice : "";
  };
  EXPECT_EQ(first(""), "it has to begin with -----BEGIN CERTIFICATE-----");
  EXPECT_EQ(first(test_root().issue({.names = {"a.test"}}).key), "it has to begin with -----BEGIN CERTIFICATE-----");
  EXPECT_TRUE(first("\x30\x82").starts_with("it is in DER: openssl x509 -inform der"));
  std::string damaged = test_root().pem();
  damaged.replace(damaged.find("MII"), 3, "!!!");
  EXPECT_EQ(first(damaged), "copy it again, from BEGIN to END");
}

TEST(TlsAuthorities, weakness_is_of_keys_and_of_signatures_by_others) {
  const auto weakness = [](const std::string& pem) {
    const Certificate read(PEM_read_bio_X509(bio_over(pem).get(), nullptr, nullptr, nullptr));
    return weakness_of(read.get()).value_or(Weakness{}).what;
  };
  EXPECT_EQ(weakness(test_root().issue({.names = {"a.test"}}).certificate), "");
  EXPECT_EQ(weakness(test_root().issue({.names = {"a.test"}, .rsa_bits = 2048}).certificate), "");
  EXPECT_TRUE(weakness(test_root().issue({.names = {"a.test"}, .rsa_bits = 1024}).certificate).contains("1024 bits"));
  EXPECT_TRUE(weakness(test_root().issue({.names = {"a.test"}, .curve = "P-192"}).certificate).contains("192 bits"));
  EXPECT_TRUE(weakness(test_root().issue({.names = {"a.test"}, .sha1 = true}).certificate).contains("digest"));
  EXPECT_EQ(weakness(TestAuthority({.names = {}, .subject = "Root", .sha1 = true}, nullptr).pem()), "")
      << "nobody looks at the signature of a root";
}

}  // namespace
}  // namespace weir::tls
