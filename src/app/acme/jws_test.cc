// Signed requests, checked the way an authority does: by what the standards' own examples give, and by verifying.
#include "app/acme/jws.h"

#include <gtest/gtest.h>

#include "base/base64url.h"
#include "base/crypto.h"
#include "net/tls/signing_key.h"

namespace weir::acme {
namespace {

// RFC 4231 section 4.3.
TEST(AcmeJws, hmac_is_that_of_the_standard) {
  const std::string digest = tls::hmac_sha256("Jefe", "what do ya want for nothing?");
  EXPECT_EQ(crypto::hexadecimal({reinterpret_cast<const std::uint8_t*>(digest.data()), digest.size()}),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(AcmeJws, a_key_is_kept_as_pem_and_found_again) {
  const auto key = tls::SigningKey::make();
  const auto again = tls::SigningKey::read(key->pem());
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(thumbprint(*key), thumbprint(*again));
  EXPECT_NE(thumbprint(*key), thumbprint(*tls::SigningKey::make()));
  EXPECT_EQ(thumbprint(*key).size(), 43U);
  EXPECT_EQ(key_authorization(*key, "token"), "token." + thumbprint(*key));
  EXPECT_EQ(tls::SigningKey::read(""), nullptr);
  EXPECT_EQ(tls::SigningKey::read("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), nullptr);
}

TEST(AcmeJws, a_message_says_who_signs_and_what_for) {
  const auto key = tls::SigningKey::make();
  EXPECT_EQ(key->sign("x").size(), 64U);
  const std::string known =
      sign_message(*key, {.url = "https://ca.test/o", .nonce = "n1", .account = "https://ca.test/acct/1"}, "{}");
  EXPECT_TRUE(known.contains("\"payload\":\"e30\"")) << known;
  const std::string header = known.substr(14, known.find('"', 14) - 14);
  EXPECT_EQ(decode_base64url(header),
            R"({"alg":"ES256","kid":"https://ca.test/acct/1","nonce":"n1","url":"https://ca.test/o"})");
  const std::string fresh = sign_message(*key, {.url = "https://ca.test/a", .nonce = "n2", .account = {}}, "");
  EXPECT_TRUE(fresh.contains("\"payload\":\"\""));
  const auto said = decode_base64url(fresh.substr(14, fresh.find('"', 14) - 14));
  ASSERT_TRUE(said);
  EXPECT_TRUE(said->starts_with(R"({"alg":"ES256","jwk":{"crv":"P-256","kty":"EC","x":")")) << *said;
  EXPECT_FALSE(said->contains("kid"));
}

TEST(AcmeJws, an_external_account_signs_the_key) {
  const auto key = tls::SigningKey::make();
  const std::string bound = external_binding(*key, "https://ca.test/new", "kid-1", "secret");
  const std::string header = bound.substr(14, bound.find('"', 14) - 14);
  EXPECT_EQ(decode_base64url(header), R"({"alg":"HS256","kid":"kid-1","url":"https://ca.test/new"})");
  EXPECT_NE(bound, external_binding(*key, "https://ca.test/new", "kid-1", "other"));
}

}  // namespace
}  // namespace weir::acme
