// Building requests and certificates, and reading back what came of them.
#include "net/tls/issuing.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "base/invariant.h"
#include "net/address.h"
#include "net/tls/certificate_text.h"
#include "net/tls/openssl.h"

namespace weir::tls {

/// What may use the key itself.
struct Issuing {
  static EVP_PKEY* key_of(const SigningKey& key) { return key.key_; }
};

namespace {

using Request = std::unique_ptr<X509_REQ, Freed<&X509_REQ_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<&X509_EXTENSION_free>>;
using Bytes = std::unique_ptr<ASN1_OCTET_STRING, Freed<&ASN1_OCTET_STRING_free>>;

/// id-pe-acmeIdentifier (RFC 8737 section 6.1).
constexpr const char* acme_identifier = "1.3.6.1.5.5.7.1.31";
/// A challenge is over in minutes; clocks may differ by some.
constexpr auto challenge_lasts = std::chrono::hours{24 * 7};
constexpr auto clock_difference = std::chrono::hours{1};
/// RFC 5280 appendix A.1: a common name has at most 64 characters.
constexpr std::size_t common_name_bytes = 64;

/// As the library reads extensions.
std::string written_names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += fmt::format("{}{}:{}", list.empty() ? "" : ",", IpAddress::parse(name) ? "IP" : "DNS", name);
  }
  return list;
}

Extension extension(int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, nullptr, nullptr, nullptr, nullptr, 0);
  Extension made(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  invariant(made != nullptr, "names that were checked make an extension");
  return made;
}

std::string pem_of(X509* certificate) {
  const Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), certificate);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

void set_time(ASN1_TIME* to, WallTime when) {
  ASN1_TIME_set(to, std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(when)));
}

/// All but what a kind of certificate has of its own, and the signature.
Certificate begin_certificate(EVP_PKEY* key, const std::vector<std::string>& names, WallTime from, WallTime until) {
  Certificate made(X509_new());
  X509* const certificate = made.get();
  X509_set_version(certificate, X509_VERSION_3);
  std::array<unsigned char, 16> serial{};
  invariant(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1, "the kernel has random numbers");
  serial[0] = static_cast<unsigned char>((serial[0] & 0x3FU) | 0x40U);  // positive, and of a steady length
  BIGNUM* const number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
  set_time(X509_getm_notBefore(certificate), from);
  set_time(X509_getm_notAfter(certificate), until);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const std::string title = names.front().size() <= common_name_bytes ? names.front() : "self-signed";
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(title.c_str()), -1,
                             -1, 0);
  X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("Weir, until a certificate is issued"), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_set_pubkey(certificate, key);
  X509_add_ext(certificate, extension(NID_basic_constraints, "critical,CA:FALSE").get(), -1);
  X509_add_ext(certificate, extension(NID_subject_alt_name, written_names(names)).get(), -1);
  return made;
}

std::string signed_text(const Certificate& made, EVP_PKEY* key) {
  invariant(X509_sign(made.get(), key, EVP_sha256()) > 0, "a key of P-256 signs");
  return pem_of(made.get());
}

/// Base64url of the authority's key identifier and of the serial number, a dot between them; empty without the former.
std::string renewal_id_of(X509* certificate) {
  const ASN1_OCTET_STRING* const identifier = X509_get0_authority_key_id(certificate);
  unsigned char* der = nullptr;
  const int length = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &der);
  // Tag and length take two bytes: a serial number has at most 20 (RFC 5280 section 4.1.2.2).
  std::string id;
  if (identifier != nullptr && length > 2 && length < 128) {
    const std::span<const std::uint8_t> of_authority(ASN1_STRING_get0_data(identifier),
                                                     static_cast<std::size_t>(ASN1_STRING_length(identifier)));
    const std::span<const std::uint8_t> serial(der + 2, static_cast<std::size_t>(length - 2));
    id = crypto::encode_base64url(of_authority) + "." + crypto::encode_base64url(serial);
  }
  OPENSSL_free(der);
  return id;
}

}  // namespace

std::string certificate_request(const SigningKey& key, const std::vector<std::string>& names) {
  EVP_PKEY* const its_key = Issuing::key_of(key);
  const Request request(X509_REQ_new());
  X509_REQ_set_version(request.get(), X509_REQ_VERSION_1);
  X509_REQ_set_pubkey(request.get(), its_key);
  STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
  const Extension alternative = extension(NID_subject_alt_name, written_names(names));
  sk_X509_EXTENSION_push(extensions, alternative.get());
  X509_REQ_add_extensions(request.get(), extensions);
  sk_X509_EXTENSION_free(extensions);
  invariant(X509_REQ_sign(request.get(), its_key, EVP_sha256()) > 0, "a key of P-256 signs");
  unsigned char* der = nullptr;
  const int length = i2d_X509_REQ(request.get(), &der);
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return bytes;
}

std::string self_signed(const SigningKey& key, const std::vector<std::string>& names, WallTime from, Duration lasts) {
  EVP_PKEY* const its_key = Issuing::key_of(key);
  return signed_text(begin_certificate(its_key, names, from - clock_difference, from + lasts), its_key);
}

std::string challenge_certificate(const SigningKey& key, const std::string& name, const crypto::Digest& digest,
                                  WallTime from) {
  EVP_PKEY* const its_key = Issuing::key_of(key);
  const Certificate made =
      begin_certificate(its_key, {name}, from - clock_difference, from + Duration{challenge_lasts});
  std::array<unsigned char, 34> value{0x04, 0x20};  // an OCTET STRING of 32 bytes
  std::ranges::copy(digest, value.begin() + 2);
  const Bytes bytes(ASN1_OCTET_STRING_new());
  ASN1_OCTET_STRING_set(bytes.get(), value.data(), static_cast<int>(value.size()));
  ASN1_OBJECT* const kind = OBJ_txt2obj(acme_identifier, 1);
  const Extension identifier(X509_EXTENSION_create_by_OBJ(nullptr, kind, 1, bytes.get()));
  ASN1_OBJECT_free(kind);
  X509_add_ext(made.get(), identifier.get(), -1);
  return signed_text(made, its_key);
}

std::optional<IssuedFacts> issued_facts(std::string_view pem) {
  const Certificate read(PEM_read_bio_X509(bio_over(pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (read == nullptr) return {};
  return IssuedFacts{.names = names_of(read.get()),
                     .from = time_of(X509_get0_notBefore(read.get())),
                     .until = time_of(X509_get0_notAfter(read.get())),
                     .issuer = text_of(X509_get_issuer_name(read.get())),
                     .renewal_id = renewal_id_of(read.get())};
}

}  // namespace weir::tls
