// Certificates and keys as files have them: what is taken, and what is said of what is not.
#include "net/tls/identity.h"

#include <gtest/gtest.h>

#include "net/tls/testing/test_authority.h"

namespace weir::tls {
namespace {

using In = Finding::In;

struct Read {
  std::shared_ptr<const Identity> identity;
  std::vector<Finding> findings;
};

Read read(const std::string& certificate, const std::string& key) {
  Read read;
  read.identity = Identity::read(certificate, key, certificate_time(), read.findings);
  return read;
}
Read read_for_servers(const TestCertificate& made) {
  Read read;
  read.identity = Identity::read(made.certificate, made.key, certificate_time(), read.findings, ShownTo::servers);
  return read;
}
Read read(const TestCertificate& made) {
  return read(made.certificate, made.key);
}

TEST(TlsIdentity, takes_a_certificate_and_its_key_without_a_word) {
  const Read got = read(test_root().issue({.names = {"Shop.Test", "*.shop.test"}}));
  ASSERT_NE(got.identity, nullptr);
  EXPECT_TRUE(got.findings.empty());
  EXPECT_EQ(got.identity->names(), (std::vector<std::string>{"shop.test", "*.shop.test"}));
  EXPECT_EQ(got.identity->kind(), KeyKind::ecdsa);
  EXPECT_EQ(read(test_root().issue({.names = {"a.test"}, .rsa_bits = 2048})).identity->kind(), KeyKind::rsa);
}

TEST(TlsIdentity, says_that_a_key_belongs_to_another_certificate) {
  const TestCertificate one = test_root().issue({.names = {"one.test"}});
  const TestCertificate two = test_root().issue({.names = {"two.test"}});
  const Read got = read(one.certificate, "a comment\n" + two.key);
  EXPECT_EQ(got.identity, nullptr);
  ASSERT_EQ(got.findings.size(), 1U);
  EXPECT_EQ(got.findings[0].in, In::key);
  EXPECT_EQ(got.findings[0].line, 2U);
  EXPECT_EQ(got.findings[0].what, "the key does not belong to the certificate of one.test");
}

TEST(TlsIdentity, says_that_certificate_and_key_have_changed_places) {
  const TestCertificate made = test_root().issue({.names = {"a.test"}});
  const Read got = read(made.key, made.certificate);
  EXPECT_EQ(got.identity, nullptr);
  ASSERT_EQ(got.findings.size(), 2U);
  EXPECT_EQ(got.findings[0].advice, "this is a key: certificate and key have changed places");
  EXPECT_EQ(got.findings[1].advice, "this is a certificate: name the file with its key");
}

TEST(TlsIdentity, says_where_a_certificate_is_damaged) {
  TestCertificate made = test_root().issue({.names = {"a.test"}});
  const std::string whole = made.certificate;
  made.certificate.replace(made.certificate.find("MII"), 3, "!!!");
  const Read got = read(whole + "\n" + made.certificate, made.key);
  EXPECT_EQ(got.identity, nullptr);
  ASSERT_EQ(got.findings.size(), 1U);
  const auto lines = static_cast<std::uint32_t>(std::count(whole.begin(), whole.end(), '\n'));
  EXPECT_EQ(got.findings[0].line, lines + 2);
}

TEST(TlsIdentity, says_when_a_key_is_behind_a_passphrase) {
  const PrivateKey key(EVP_EC_gen("P-256"));
  const Bio out(BIO_new(BIO_s_mem()));
  unsigned char passphrase[] = "secret";
  PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), reinterpret_cast<char*>(passphrase), 6,
                                nullptr, nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  const Read got =
      read(test_root().issue({.names = {"a.test"}}).certificate, std::string(bytes, static_cast<size_t>(size)));
  EXPECT_EQ(got.identity, nullptr);
  ASSERT_EQ(got.findings.size(), 1U);
  EXPECT_TRUE(got.findings[0].what.contains("passphrase")) << got.findings[0].what;
}

TEST(TlsIdentity, warns_of_certificates_that_expired_and_of_those_that_will_soon) {
  const Read past = read(test_root().issue({.names = {"a.test"}, .from_day = -9, .until_day = -2}));
  ASSERT_NE(past.identity, nullptr) << "other sites of the same file must stay up";
  ASSERT_EQ(past.findings.size(), 1U);
  EXPECT_FALSE(past.findings[0].error);
  EXPECT_TRUE(past.findings[0].what.contains("a.test expired on ")) << past.findings[0].what;
  const Read near = read(test_root().issue({.names = {"a.test"}, .until_day = 3}));
  ASSERT_EQ(near.findings.size(), 1U);
  EXPECT_TRUE(near.findings[0].what.contains("expires on ")) << near.findings[0].what;
  const Read future = read(test_root().issue({.names = {"a.test"}, .from_day = 2}));
  ASSERT_EQ(future.findings.size(), 1U);
  EXPECT_TRUE(future.findings[0].what.contains("valid only from ")) << future.findings[0].what;
}

TEST(TlsIdentity, warns_of_a_chain_in_the_wrong_order_and_says_what_belongs_there) {
  const TestAuthority middle({.names = {}, .subject = "Test middle"}, &test_root());
  const TestCertificate made = middle.issue({.names = {"a.test"}});
  const Read wrong = read(made.certificate + test_root().pem() + middle.pem(), made.key);
  ASSERT_NE(wrong.identity, nullptr);
  ASSERT_EQ(wrong.findings.size(), 1U);
  EXPECT_EQ(wrong.findings[0].what, "this certificate (CN=Test root) did not issue the one before it");
  EXPECT_EQ(wrong.findings[0].advice, "here must stand: CN=Test middle");
  EXPECT_TRUE(read(made.certificate + middle.pem() + test_root().pem(), made.key).findings.empty());
}

TEST(TlsIdentity, warns_of_a_missing_intermediate_with_the_command_that_gets_it) {
  const TestCertificate made =
      test_root().issue({.names = {"a.test"}, .issuer_address = "http://authority.test/middle.der"});
  const Read got = read(made);
  ASSERT_NE(got.identity, nullptr);
  ASSERT_EQ(got.findings.size(), 1U);
  EXPECT_EQ(got.findings[0].advice, "curl http://authority.test/middle.der | openssl x509 -inform der >> FILE");
}

TEST(TlsIdentity, refuses_keys_that_clients_refuse) {
  const Read got = read(test_root().issue({.names = {"a.test"}, .rsa_bits = 1024}));
  EXPECT_EQ(got.identity, nullptr);
  ASSERT_EQ(got.findings.size(), 1U);
  EXPECT_TRUE(got.findings[0].what.contains("1024 bits is too weak"));
  EXPECT_EQ(got.findings[0].in, In::key);
  const Read signed_weakly = read(test_root().issue({.names = {"a.test"}, .sha1 = true}));
  EXPECT_EQ(signed_weakly.identity, nullptr);
  ASSERT_EQ(signed_weakly.findings.size(), 1U);
  EXPECT_EQ(signed_weakly.findings[0].in, In::certificate);
}

TEST(TlsIdentity, a_wildcard_covers_one_label) {
  EXPECT_TRUE(covers("*.shop.test", "a.shop.test"));
  EXPECT_FALSE(covers("*.shop.test", "shop.test"));
  EXPECT_FALSE(covers("*.shop.test", "a.b.shop.test"));
  EXPECT_FALSE(covers("*.shop.test", ".shop.test"));
  EXPECT_TRUE(covers("shop.test", "shop.test"));
  EXPECT_FALSE(covers("shop.test", "a.shop.test"));
}

TEST(TlsIdentity, warns_of_curves_that_clients_do_not_take) {
  for (const char* curve : {"P-256", "P-384", "P-521"})
    EXPECT_TRUE(read(test_root().issue({.names = {"a.test"}, .curve = curve})).findings.empty()) << curve;
  for (const char* curve : {"secp256k1", "P-224", "brainpoolP256r1"}) {
    const Read got = read(test_root().issue({.names = {"a.test"}, .curve = curve}));
    EXPECT_NE(got.identity, nullptr) << "somebody may know it";
    ASSERT_EQ(got.findings.size(), 1U) << curve;
    EXPECT_FALSE(got.findings[0].error);
    EXPECT_TRUE(got.findings[0].what.contains("do not take it")) << got.findings[0].what;
  }
}

TEST(TlsIdentity, what_is_shown_to_servers_needs_no_name) {
  const TestCertificate nameless = test_root().issue({.names = {}});
  ASSERT_EQ(read(nameless).findings.size(), 1U);
  EXPECT_TRUE(read(nameless).findings[0].what.contains("names no host"));
  EXPECT_TRUE(read_for_servers(nameless).findings.empty());
  EXPECT_TRUE(
      read(test_root().issue({.extensions = {{NID_subject_alt_name, "URI:spiffe://prod/shop"}}})).findings.empty())
      << "workloads have URIs";
  const Read past = read_for_servers(test_root().issue({.names = {}, .from_day = -9, .until_day = -2}));
  ASSERT_EQ(past.findings.size(), 1U);
  EXPECT_EQ(past.findings[0].advice, "renew it: servers refuse it");
}

TEST(TlsIdentity, a_command_to_paste_holds_nothing_that_a_shell_would_run) {
  const auto advice = [](const std::string& address) {
    const Read got = read(test_root().issue({.names = {"a.test"}, .issuer_address = address}));
    return got.findings.empty() ? "" : got.findings[0].advice;
  };
  EXPECT_EQ(advice("http://ca.test/a%20b-1.der"), "curl http://ca.test/a%20b-1.der | openssl x509 -inform der >> FILE");
  for (const char* address : {"http://ca.test/$(id)", "http://ca.test/`id`", "http://ca.test/|sh", "-o/tmp/x"})
    EXPECT_EQ(advice(address), "append it to FILE") << address;
}

}  // namespace
}  // namespace weir::tls
