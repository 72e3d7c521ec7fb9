// Reading a bundle one by one.
#include "net/tls/authorities.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "net/tls/certificate_text.h"
#include "net/tls/openssl.h"
#include "net/tls/pem_blocks.h"

namespace weir::tls {
namespace {

// What the library's security level 2 asks for (112 bits), as Debian sets it.
constexpr int rsa_bits_min = 2048;
constexpr int elliptic_bits_min = 224;
// An authority is replaced by people, and at many machines: a month is little.
constexpr auto soon = std::chrono::days{30};

bool is_weak_digest(int signature) {
  constexpr std::array weak = {NID_sha1WithRSAEncryption, NID_ecdsa_with_SHA1,      NID_md5WithRSAEncryption,
                               NID_md4WithRSAEncryption,  NID_md2WithRSAEncryption, NID_dsaWithSHA1};
  return std::ranges::find(weak, signature) != weak.end();
}

class Judge {
 public:
  explicit Judge(WallTime now) : now_(now) {}

  std::vector<Finding> judge(std::string_view bundle) {
    const std::vector<PemBlock> blocks = pem_blocks(bundle);
    for (const PemBlock& block : blocks) {
      if (block.is_certificate()) judge_one(block);
    }
    if (read_ == 0 && findings_.empty()) {
      const bool binary = bundle.starts_with('\x30');
      say(true, blocks.empty() ? 0 : blocks.front().line, "there is no certificate of an authority in it",
          binary ? "it is in DER: openssl x509 -inform der -in FILE -out NEW, and name NEW"
                 : "it has to begin with -----BEGIN CERTIFICATE-----");
    }
    // One that has expired is a remark as long as there is another.
    if (expired_.size() == read_) {
      for (const std::size_t at : expired_) findings_[at].error = true;
    }
    return std::move(findings_);
  }

 private:
  void say(bool error, std::uint32_t line, std::string what, std::string advice) {
    findings_.push_back({.line = line, .error = error, .what = std::move(what), .advice = std::move(advice)});
  }

  void judge_one(const PemBlock& block) {
    const Certificate read(PEM_read_bio_X509(bio_over(block.text).get(), nullptr, nullptr, nullptr));
    if (read == nullptr)
      return say(true, block.line, "this certificate cannot be read: " + last_complaint(),
                 "copy it again, from BEGIN to END");
    ++read_;
    const std::string name = text_of(X509_get_subject_name(read.get()));
    const WallTime until = time_of(X509_get0_notAfter(read.get()));
    const WallTime from = time_of(X509_get0_notBefore(read.get()));
    if (until < now_) {
      expired_.push_back(findings_.size());
      say(false, block.line,
          fmt::format("the authority {} expired on {}: nothing it issued is believed", name, day_of(until)),
          "put its renewed certificate here; what it issued under the same key stays good");
    } else if (until < now_ + soon) {
      say(false, block.line, fmt::format("the authority {} expires on {}", name, day_of(until)),
          "put its renewed certificate beside it before then");
    }
    if (from > now_)
      say(false, block.line, fmt::format("the authority {} is valid only from {}", name, day_of(from)),
          "check the clock of this machine");
    if (const auto weakness = weakness_of(read.get()))
      say(false, block.line, fmt::format("the authority {}: {}", name, weakness->what),
          "have it replace its certificate");
  }

  WallTime now_;
  std::vector<Finding> findings_;
  std::size_t read_ = 0;
  std::vector<std::size_t> expired_;  // the findings that say so
};

}  // namespace

std::vector<Finding> judge_authorities(std::string_view bundle, WallTime now) {
  ERR_clear_error();
  std::vector<Finding> findings = Judge(now).judge(bundle);
  ERR_clear_error();
  return findings;
}

std::optional<Weakness> weakness_of(const x509_st* certificate) {
  const EVP_PKEY* const key = X509_get0_pubkey(certificate);
  const int kind = key == nullptr ? NID_undef : EVP_PKEY_get_base_id(key);
  const int bits = key == nullptr ? 0 : EVP_PKEY_get_bits(key);
  if ((kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS) && bits < rsa_bits_min)
    return Weakness{.what = fmt::format("an RSA key of {} bits is too weak: clients refuse it", bits)};
  if (kind == EVP_PKEY_EC && bits < elliptic_bits_min)
    return Weakness{.what = fmt::format("an ECDSA key of {} bits is too weak: clients refuse it", bits)};
  auto* const asked = const_cast<X509*>(certificate);
  const bool own = X509_check_issued(asked, asked) == X509_V_OK;
  if (!own && is_weak_digest(X509_get_signature_nid(certificate)))
    return Weakness{.of = Weakness::Of::signature,
                    .what = "the certificate is signed with a digest that nobody accepts any more"};
  return {};
}

}  // namespace weir::tls
