// A certificate authority for tests: makes, at run time, whatever certificates a test wants, right ones and wrong ones.
//
//   TestAuthority root("Test root");
//   const TestCertificate shop = root.issue({.names = {"shop.test"}});     // PEM of certificate and key
#pragma once

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/invariant.h"
#include "base/units.h"
#include "net/tls/openssl.h"

namespace weir::tls {

struct TestCertificate {
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM
};

/// What a certificate is to say. Days count from now; negative ones are past.
struct TestWish {
  std::vector<std::string> names;  ///< DNS names; those that are addresses become addresses
  std::string subject = "test";
  int rsa_bits = 0;  ///< 0: ECDSA, P-256
  int from_day = -1;
  int until_day = 30;
  bool authority = false;
  std::string issuer_address{};  ///< where its issuer says it can be had
  std::string basic{};           ///< basicConstraints, where they are to be odd
  bool sha1 = false;
  const char* curve = "P-256";
  /// NID and value, as OpenSSL's configuration writes them: {NID_tlsfeature, "status_request"}.
  std::vector<std::pair<int, std::string>> extensions{};
};

/// What its authority is to say of a certificate. Hours count from now.
struct TestWord {
  int status = V_OCSP_CERTSTATUS_GOOD;
  int from_hour = -1;
  int until_hour = 24;  ///< 0: it does not say
  const EVP_MD* digest = EVP_sha1();
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& subject) : TestAuthority({.names = {}, .subject = subject}, nullptr) {}
  /// An authority below another.
  TestAuthority(TestWish wish, const TestAuthority* above) : key_(make_key(wish)) {
    wish.authority = true;
    certificate_ = make(wish, key_.get(), above == nullptr ? *this : *above, above == nullptr);
  }

  [[nodiscard]] TestCertificate issue(const TestWish& wish) const {
    const PrivateKey key = make_key(wish);
    return {.certificate = pem_of(make(wish, key.get(), *this, false).get()), .key = pem_of(key.get())};
  }
  /// The list of those of its certificates (PEM) that it has taken back. \param until_day  negative: expired
  [[nodiscard]] std::string revoke(const std::vector<std::string>& certificates, int until_day = 30) const {
    const std::unique_ptr<X509_CRL, Freed<&X509_CRL_free>> list(X509_CRL_new());
    X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get()));
    const std::unique_ptr<ASN1_TIME, Freed<&ASN1_TIME_free>> from(X509_gmtime_adj(nullptr, -86'400L * 9));
    const std::unique_ptr<ASN1_TIME, Freed<&ASN1_TIME_free>> until(X509_gmtime_adj(nullptr, 86'400L * until_day));
    X509_CRL_set1_lastUpdate(list.get(), from.get());
    X509_CRL_set1_nextUpdate(list.get(), until.get());
    for (const std::string& pem : certificates) {
      const Certificate lost(PEM_read_bio_X509(bio_over(pem).get(), nullptr, nullptr, nullptr));
      X509_REVOKED* entry = X509_REVOKED_new();
      X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(lost.get()));
      X509_REVOKED_set_revocationDate(entry, from.get());
      X509_CRL_add0_revoked(list.get(), entry);
    }
    X509_CRL_sign(list.get(), key_.get(), EVP_sha256());
    const Bio out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_CRL(out.get(), list.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }
  /// Grants a request (PKCS #10, DER): for whom `wish` says, from and until the given moments. PEM, with the
  /// authority's key identifier "authority".
  [[nodiscard]] std::string grant(std::string_view request, const TestWish& wish, WallTime from, WallTime until) const {
    const auto* bytes = reinterpret_cast<const unsigned char*>(request.data());
    const std::unique_ptr<X509_REQ, Freed<&X509_REQ_free>> read(
        d2i_X509_REQ(nullptr, &bytes, static_cast<long>(request.size())));
    if (read == nullptr) return {};
    const Certificate made = make(wish, X509_REQ_get0_pubkey(read.get()), *this, false);
    const auto seconds = [](WallTime time) {
      return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    };
    ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds(from));
    ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds(until));
    const std::unique_ptr<AUTHORITY_KEYID, Freed<&AUTHORITY_KEYID_free>> above(AUTHORITY_KEYID_new());
    above->keyid = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(above->keyid, reinterpret_cast<const unsigned char*>("authority"), 9);
    X509_add1_ext_i2d(made.get(), NID_authority_key_identifier, above.get(), 0, 0);
    X509_sign(made.get(), key_.get(), EVP_sha256());
    return pem_of(made.get());
  }
  /// What it says of one of its certificates (OCSP, DER). \param signer  in its place; null: itself
  [[nodiscard]] std::string word_on(const std::string& pem, const TestWord& word = {},
                                    const TestCertificate* signer = nullptr) const {
    const Certificate asked(PEM_read_bio_X509(bio_over(pem).get(), nullptr, nullptr, nullptr));
    const Certificate other(signer == nullptr
                                ? nullptr
                                : PEM_read_bio_X509(bio_over(signer->certificate).get(), nullptr, nullptr, nullptr));
    const PrivateKey key(
        signer == nullptr ? nullptr : PEM_read_bio_PrivateKey(bio_over(signer->key).get(), nullptr, nullptr, nullptr));
    OCSP_CERTID* const id = OCSP_cert_to_id(word.digest, asked.get(), certificate_.get());
    const auto at_hour = [](int hour) { return X509_gmtime_adj(nullptr, 3600L * hour); };
    ASN1_TIME* const from = at_hour(word.from_hour);
    ASN1_TIME* const until = word.until_hour == 0 ? nullptr : at_hour(word.until_hour);
    OCSP_BASICRESP* const basic = OCSP_BASICRESP_new();
    OCSP_basic_add1_status(basic, id, word.status, 0, from, from, until);
    OCSP_basic_sign(basic, signer == nullptr ? certificate_.get() : other.get(),
                    signer == nullptr ? key_.get() : key.get(), EVP_sha256(), nullptr,
                    signer == nullptr ? OCSP_NOCERTS : 0);
    OCSP_RESPONSE* const response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char* der = nullptr;
    const int size = i2d_OCSP_RESPONSE(response, &der);
    std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    OCSP_CERTID_free(id);
    return bytes;
  }
  /// Its own certificate.
  [[nodiscard]] std::string pem() const { return pem_of(certificate_.get()); }

 private:
  static PrivateKey make_key(const TestWish& wish) {
    return PrivateKey(wish.rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(wish.rsa_bits)) : EVP_EC_gen(wish.curve));
  }

  template <typename T>
  static std::string pem_of(T* object) {
    const Bio out(BIO_new(BIO_s_mem()));
    if constexpr (std::is_same_v<T, X509>)
      PEM_write_bio_X509(out.get(), object);
    else
      PEM_write_bio_PrivateKey(out.get(), object, nullptr, nullptr, 0, nullptr, nullptr);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }

  static void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* made = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    invariant(made != nullptr, "a test's extension is well-formed");
    X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
  }

  static std::string alternative_names(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) {
      const bool address = name.find_first_not_of("0123456789.") == std::string::npos || name.contains(':');
      list += (list.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
    }
    return list;
  }

  Certificate make(const TestWish& wish, EVP_PKEY* key, const TestAuthority& issuer, bool self) const {
    static std::atomic<std::int64_t> serial = 1;  // tests of threads issue at once
    Certificate made(X509_new());
    X509* const certificate = made.get();
    X509* const above = self ? certificate : issuer.certificate_.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 86'400L * wish.from_day);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400L * wish.until_day);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.subject.c_str()), -1, -1, 0);
    X509_set_pubkey(certificate, key);
    X509_set_issuer_name(certificate, X509_get_subject_name(above));
    const std::string basic = wish.authority ? "critical,CA:TRUE" : "critical,CA:FALSE";
    extend(certificate, above, NID_basic_constraints, wish.basic.empty() ? basic : wish.basic);
    if (!wish.names.empty()) extend(certificate, above, NID_subject_alt_name, alternative_names(wish.names));
    if (!wish.issuer_address.empty())
      extend(certificate, above, NID_info_access, "caIssuers;URI:" + wish.issuer_address);
    for (const auto& [kind, value] : wish.extensions) extend(certificate, above, kind, value);
    X509_sign(certificate, issuer.key_.get(), wish.sha1 ? EVP_sha1() : EVP_sha256());
    return made;
  }

  PrivateKey key_;
  Certificate certificate_;
};

/// When test certificates are judged: the library dates them by the machine's clock.
inline WallTime certificate_time() {
  // tidy: allow clock, the library dates certificates by it
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

/// Whom the parties of a test trust, and whom they do not.
inline const TestAuthority& test_root() {
  static const TestAuthority authority("Test root");
  return authority;
}
inline const TestAuthority& test_stranger() {
  static const TestAuthority authority("Stranger");
  return authority;
}

}  // namespace weir::tls
