// Reading PEM with an eye on lines, and judging what was read.
#include "net/tls/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "net/tls/authorities.h"
#include "net/tls/certificate_text.h"
#include "net/tls/openssl.h"
#include "net/tls/pem_blocks.h"

namespace weir::tls {
namespace {

// People renew by hand within a week; those that renew by machine do so a month before.
constexpr auto soon = std::chrono::days{14};

std::optional<KeyKind> kind_of(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
      return KeyKind::ecdsa;
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return KeyKind::rsa;
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
      return KeyKind::eddsa;
    default:
      return {};
  }
}

/// The curve of a key that clients do not speak in TLS; empty: they speak it, or it has none.
std::string unspoken_curve(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t length = 0;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return {};
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &length) != 1) return "an unnamed curve";
  // RFC 8446 section 4.2.3
  constexpr std::array<std::string_view, 3> spoken{SN_X9_62_prime256v1, SN_secp384r1, SN_secp521r1};
  const std::string_view curve(name.data(), length);
  return std::ranges::find(spoken, curve) != spoken.end() ? std::string() : std::string(curve);
}

// Asked for by the library when a key is encrypted: nobody is there who could type it.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

std::string_view name_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::ecdsa:
      return "ECDSA";
    case KeyKind::rsa:
      return "RSA";
    case KeyKind::eddsa:
      return "EdDSA";
  }
  return "?";
}

bool covers(std::string_view name, std::string_view host) {
  if (!name.starts_with("*.")) return name == host;
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && host.substr(dot) == name.substr(1);
}

Identity::~Identity() {
  X509_free(leaf_);
  EVP_PKEY_free(key_);
  for (X509* each : chain_) X509_free(each);
}

std::string Identity::title() const {
  return names_.empty() ? subject_ : names_.front();
}

/// The steps of reading one, in the order in which mistakes are told.
class IdentityReader {
 public:
  IdentityReader(WallTime now, std::vector<Finding>& findings, ShownTo whom)
      : now_(now), findings_(findings), whom_(whom) {}

  std::shared_ptr<const Identity> read(std::string_view certificate, std::string_view key) {
    const bool certificates_good = read_certificates(certificate);
    const bool key_good = read_key(key);
    if (!certificates_good || !key_good) return nullptr;
    if (!judge_pair() || !judge_strength()) return nullptr;
    judge_curve();
    judge_time();
    judge_chain();
    if (whom_ == ShownTo::clients) judge_names();
    return made_;
  }

 private:
  using In = Finding::In;

  bool error(In in, std::uint32_t line, std::string what, std::string advice) {
    findings_.push_back({.in = in, .line = line, .error = true, .what = std::move(what), .advice = std::move(advice)});
    return false;
  }
  void warn(std::uint32_t line, std::string what, std::string advice) {
    findings_.push_back(
        {.in = In::certificate, .line = line, .error = false, .what = std::move(what), .advice = std::move(advice)});
  }

  bool read_certificates(std::string_view text);
  bool read_key(std::string_view text);
  bool judge_pair();
  bool judge_strength();
  void judge_curve();
  void judge_time();
  void judge_chain();
  void judge_names();

  WallTime now_;
  std::vector<Finding>& findings_;
  ShownTo whom_;
  std::shared_ptr<Identity> made_{new Identity};
  std::vector<std::uint32_t> lines_;  // of the certificates, the leaf first
  std::uint32_t key_line_ = 0;
};

bool IdentityReader::read_certificates(std::string_view text) {
  const std::vector<PemBlock> blocks = pem_blocks(text);
  for (const PemBlock& block : blocks) {
    if (!block.is_certificate()) continue;
    if (lines_.size() > limits::tls_chain_certificates)
      return error(In::certificate, block.line, "there are more certificates than a chain has", "leave the others out");
    X509* read = PEM_read_bio_X509(bio_over(block.text).get(), nullptr, &no_passphrase, nullptr);
    if (read == nullptr)
      return error(In::certificate, block.line, "this certificate cannot be read: " + last_complaint(),
                   "copy it again, from BEGIN to END");
    lines_.push_back(block.line);
    if (made_->leaf_ == nullptr)
      made_->leaf_ = read;
    else
      made_->chain_.push_back(read);
  }
  if (made_->leaf_ == nullptr) {
    const bool holds_key = std::ranges::any_of(blocks, &PemBlock::is_private_key);
    return error(In::certificate, holds_key ? blocks.front().line : 0, "there is no certificate in it",
                 holds_key ? "this is a key: certificate and key have changed places"
                           : "it has to begin with -----BEGIN CERTIFICATE-----");
  }
  made_->subject_ = text_of(X509_get_subject_name(made_->leaf_));
  made_->names_ = names_of(made_->leaf_);
  made_->valid_until_ = time_of(X509_get0_notAfter(made_->leaf_));
  return true;
}

bool IdentityReader::read_key(std::string_view text) {
  const std::vector<PemBlock> blocks = pem_blocks(text);
  const auto found = std::ranges::find_if(blocks, &PemBlock::is_private_key);
  if (found == blocks.end()) {
    const bool holds_certificate = std::ranges::any_of(blocks, &PemBlock::is_certificate);
    return error(In::key, holds_certificate ? blocks.front().line : 0, "there is no private key in it",
                 holds_certificate ? "this is a certificate: name the file with its key"
                                   : "it has to begin with -----BEGIN PRIVATE KEY-----");
  }
  key_line_ = found->line;
  const bool encrypted = found->label.starts_with("ENCRYPTED") || found->text.contains("Proc-Type: 4,ENCRYPTED");
  if (encrypted)
    return error(In::key, key_line_, "the key is protected by a passphrase, which nobody could type",
                 "write it without one: openssl pkey -in FILE -out NEW, and keep NEW readable to weir alone");
  made_->key_ = PEM_read_bio_PrivateKey(bio_over(found->text).get(), nullptr, &no_passphrase, nullptr);
  if (made_->key_ == nullptr)
    return error(In::key, key_line_, "this key cannot be read: " + last_complaint(),
                 "copy it again, from BEGIN to END");
  return true;
}

bool IdentityReader::judge_pair() {
  const auto kind = kind_of(made_->key_);
  if (!kind) return error(In::key, key_line_, "keys of this kind are not used in TLS", "make an ECDSA key (P-256)");
  made_->kind_ = *kind;
  if (X509_check_private_key(made_->leaf_, made_->key_) == 1) return true;
  ERR_clear_error();
  for (std::size_t at = 0; at < made_->chain_.size(); ++at) {
    if (X509_check_private_key(made_->chain_[at], made_->key_) == 1)
      return error(In::certificate, lines_[at + 1], "the certificate that the key belongs to is not the first",
                   "move it to the top of the file: first the server's own, then those that lead to the root");
    ERR_clear_error();
  }
  return error(In::key, key_line_, fmt::format("the key does not belong to the certificate of {}", made_->title()),
               "name the key that was made for it; openssl x509 -pubkey and openssl pkey -pubout print the same then");
}

bool IdentityReader::judge_strength() {
  const auto weakness = weakness_of(made_->leaf_);
  if (weakness && weakness->of == Weakness::Of::key)
    return error(In::key, key_line_, weakness->what,
                 "have a certificate made for an ECDSA key (P-256), or RSA of 2048 bits");
  if (weakness) return error(In::certificate, lines_.front(), weakness->what, "have it issued again, with SHA-256");
  for (std::size_t at = 0; at < made_->chain_.size(); ++at) {
    if (const auto above = weakness_of(made_->chain_[at]))
      return error(In::certificate, lines_[at + 1],
                   fmt::format("in the chain, {}: {}", text_of(X509_get_subject_name(made_->chain_[at])), above->what),
                   "replace it with the issuer's present certificate, and have the server's own issued again by that");
  }
  return true;
}

void IdentityReader::judge_curve() {
  const std::string curve = unspoken_curve(made_->key_);
  if (curve.empty()) return;
  warn(lines_.front(),
       fmt::format("the key of {} is of the curve {}: browsers and most others do not take it", made_->title(), curve),
       "have a certificate made for a key of P-256");
}

void IdentityReader::judge_time() {
  const WallTime from = time_of(X509_get0_notBefore(made_->leaf_));
  const WallTime until = made_->valid_until_;
  if (until < now_)
    warn(lines_.front(), fmt::format("the certificate of {} expired on {}", made_->title(), day_of(until)),
         whom_ == ShownTo::clients ? "renew it: clients refuse it" : "renew it: servers refuse it");
  else if (until < now_ + soon)
    warn(lines_.front(), fmt::format("the certificate of {} expires on {}", made_->title(), day_of(until)), "renew it");
  if (from > now_)
    warn(lines_.front(), fmt::format("the certificate of {} is valid only from {}", made_->title(), day_of(from)),
         "check the clock of this machine");
  for (std::size_t at = 0; at < made_->chain_.size(); ++at) {
    const WallTime end = time_of(X509_get0_notAfter(made_->chain_[at]));
    if (end >= now_ + soon) continue;
    warn(lines_[at + 1],
         fmt::format("this certificate of the chain ({}) {} on {}", text_of(X509_get_subject_name(made_->chain_[at])),
                     end < now_ ? "expired" : "expires", day_of(end)),
         "replace it with the issuer's present one");
  }
}

void IdentityReader::judge_chain() {
  X509* below = made_->leaf_;
  for (std::size_t at = 0; at < made_->chain_.size(); ++at) {
    X509* const above = made_->chain_[at];
    if (X509_check_issued(above, below) != X509_V_OK) {
      warn(lines_[at + 1],
           fmt::format("this certificate ({}) did not issue the one before it", text_of(X509_get_subject_name(above))),
           fmt::format("here must stand: {}", text_of(X509_get_issuer_name(below))));
      return;
    }
    below = above;
  }
  if (!made_->chain_.empty() || X509_check_issued(below, below) == X509_V_OK) return;
  // Public authorities say where their own certificate is, and sign with one that clients do not know.
  if (access_address(below, NID_ad_ca_issuers).empty()) return;
  const std::string command = fetching_issuer(below);
  warn(lines_.front(),
       fmt::format("the chain is incomplete: the certificate of its issuer ({}) is missing",
                   text_of(X509_get_issuer_name(below))),
       command.empty() ? "append it to FILE" : command + " >> FILE");
}

void IdentityReader::judge_names() {
  const bool named = !made_->names_.empty() || !alternative_names(made_->leaf_, GEN_IPADD).empty() ||
                     !alternative_names(made_->leaf_, GEN_URI).empty();  // workloads have URIs (SPIFFE)
  if (named) return;
  warn(lines_.front(),
       fmt::format("the certificate ({}) names no host in subjectAltName: clients refuse it", made_->subject_),
       "have it issued again, with DNS names");
}

std::shared_ptr<const Identity> Identity::read(std::string_view certificate, std::string_view key, WallTime now,
                                               std::vector<Finding>& findings, ShownTo whom) {
  ERR_clear_error();
  auto made = IdentityReader(now, findings, whom).read(certificate, key);
  ERR_clear_error();
  return made;
}

const x509_st* Identity::issuer() const {
  for (X509* above : chain_) {
    if (X509_check_issued(above, leaf_) == X509_V_OK) return above;
  }
  return X509_check_issued(leaf_, leaf_) == X509_V_OK ? leaf_ : nullptr;
}

std::string Identity::fingerprint() const {
  std::string all;
  const auto add = [&all](const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    X509_digest(certificate, EVP_sha256(), digest.data(), &length);
    all.append(digest.begin(), digest.begin() + length);
  };
  add(leaf_);
  for (const X509* above : chain_) add(above);
  return all;
}

}  // namespace weir::tls
