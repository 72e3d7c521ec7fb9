// Requests and certificates of one's own, read back with what an authority and a client would read them with.
#include "net/tls/issuing.h"

#include <gtest/gtest.h>

#include "net/tls/identity.h"
#include "net/tls/openssl.h"
#include "net/tls/testing/test_authority.h"

namespace weir::tls {
namespace {

using namespace std::chrono_literals;
constexpr WallTime then{std::chrono::seconds{1'800'000'000}};

TEST(Issuing, a_request_is_granted_for_its_own_key) {
  const auto key = SigningKey::make();
  const std::string request = certificate_request(*key, {"shop.test", "www.shop.test"});
  const std::string granted = test_root().grant(request, {.names = {"shop.test", "www.shop.test"}}, then, then + 24h);
  std::vector<Finding> findings;
  const auto identity = Identity::read(granted, key->pem(), then, findings);
  ASSERT_NE(identity, nullptr) << (findings.empty() ? "" : findings.front().what);
  EXPECT_EQ(identity->names(), (std::vector<std::string>{"shop.test", "www.shop.test"}));
  const auto facts = issued_facts(granted + key->pem());
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->from, then);
  EXPECT_EQ(facts->until, then + 24h);
  EXPECT_TRUE(facts->renewal_id.starts_with("YXV0aG9yaXR5.")) << facts->renewal_id;  // base64url of "authority"
}

TEST(Issuing, a_request_is_signed_and_names_its_names) {
  const auto key = SigningKey::make();
  const std::string der = certificate_request(*key, {"shop.test"});
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  X509_REQ* const read = d2i_X509_REQ(nullptr, &bytes, static_cast<long>(der.size()));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(X509_REQ_verify(read, X509_REQ_get0_pubkey(read)), 1);
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(read);
  EXPECT_EQ(X509v3_get_ext_by_NID(extensions, NID_subject_alt_name, -1), 0);
  sk_X509_EXTENSION_pop_free(extensions, &X509_EXTENSION_free);
  X509_REQ_free(read);
}

TEST(Issuing, a_stand_in_says_what_it_is) {
  const auto key = SigningKey::make();
  const std::string made = self_signed(*key, {"shop.test", std::string(80, 'a') + ".test"}, then, 24h);
  std::vector<Finding> findings;
  const auto identity = Identity::read(made, key->pem(), then, findings);
  ASSERT_NE(identity, nullptr);
  EXPECT_EQ(identity->title(), "shop.test");
  EXPECT_EQ(identity->names().size(), 2U);
  const auto facts = issued_facts(made);
  EXPECT_TRUE(facts->issuer.contains("until a certificate is issued")) << facts->issuer;
  EXPECT_EQ(facts->renewal_id, "");
}

TEST(Issuing, a_challenge_is_answered_by_a_certificate_with_its_digest) {
  const auto key = SigningKey::make();
  const crypto::Digest digest = crypto::sha256("token.thumbprint");
  const Certificate read(PEM_read_bio_X509(bio_over(challenge_certificate(*key, "shop.test", digest, then)).get(),
                                           nullptr, nullptr, nullptr));
  ASSERT_NE(read, nullptr);
  ASN1_OBJECT* const kind = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
  const int at = X509_get_ext_by_OBJ(read.get(), kind, -1);
  ASN1_OBJECT_free(kind);
  ASSERT_GE(at, 0);
  X509_EXTENSION* const extension = X509_get_ext(read.get(), at);
  EXPECT_EQ(X509_EXTENSION_get_critical(extension), 1);
  const ASN1_OCTET_STRING* const value = X509_EXTENSION_get_data(extension);
  const std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                          static_cast<std::size_t>(ASN1_STRING_length(value)));
  EXPECT_EQ(bytes, std::string("\x04\x20") + std::string(digest.begin(), digest.end()));
}

TEST(Issuing, what_is_no_certificate_has_no_facts) {
  EXPECT_FALSE(issued_facts(""));
  EXPECT_FALSE(issued_facts("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  EXPECT_FALSE(issued_facts(SigningKey::make()->pem()));
}

}  // namespace
}  // namespace weir::tls
