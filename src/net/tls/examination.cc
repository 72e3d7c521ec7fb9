// Looking at a chain link by link.
#include "net/tls/examination.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "net/address.h"
#include "net/tls/authorities.h"
#include "net/tls/certificate_text.h"
#include "net/tls/identity.h"
#include "net/tls/ocsp.h"
#include "net/tls/openssl.h"
#include "net/tls/revocation.h"

namespace weir::tls {
namespace {

using Store = std::unique_ptr<X509_STORE, Freed<&X509_STORE_free>>;
using Verification = std::unique_ptr<X509_STORE_CTX, Freed<&X509_STORE_CTX_free>>;
using Chain = std::vector<Certificate>;

std::string subject_of(const X509* certificate) {
  return text_of(X509_get_subject_name(certificate));
}
std::string issuer_of(const X509* certificate) {
  return text_of(X509_get_issuer_name(certificate));
}

ShownCertificate shown(X509* certificate) {
  ShownCertificate made{.subject = subject_of(certificate),
                        .issuer = issuer_of(certificate),
                        .key = {},
                        .names = shown_names(certificate),
                        .from = time_of(X509_get0_notBefore(certificate)),
                        .until = time_of(X509_get0_notAfter(certificate))};
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key != nullptr) {
    const int kind = EVP_PKEY_get_base_id(key);
    made.key = fmt::format("{} {}",
                           kind == EVP_PKEY_EC                                  ? "ECDSA"
                           : kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS   ? "RSA"
                           : kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448 ? "EdDSA"
                                                                                : "key of",
                           EVP_PKEY_get_bits(key));
  }
  return made;
}

Store store_of(const std::string& authorities) {
  Store store(X509_STORE_new());
  if (authorities.empty()) {
    X509_STORE_set_default_paths(store.get());
  } else {
    const Bio bio = bio_over(authorities);
    while (X509* read = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
      const Certificate owned(read);
      X509_STORE_add_cert(store.get(), read);
    }
  }
  ERR_clear_error();
  return store;
}

/// Judges a chain.
class Examiner {
 public:
  Examiner(const Chain& chain, const Inquiry& inquiry, Examination& out)
      : chain_(chain), inquiry_(inquiry), out_(out) {}

  void examine(std::string_view staple) {
    for (const Certificate& each : chain_) out_.chain.push_back(shown(each.get()));
    if (chain_.empty()) return tell(Fault::server, "it shows no certificate", "give it one");
    judge_times();
    judge_trust();
    judge_strength();
    judge_name();
    judge_staple(staple);
  }

 private:
  void tell(Fault fault, std::string what, std::string advice) {
    out_.diagnoses.push_back({.fault = fault, .what = std::move(what), .advice = std::move(advice)});
  }
  void judge_times();
  void judge_trust();
  void judge_anchor(X509_STORE_CTX* verification);
  void judge_strength();
  void judge_name();
  void judge_staple(std::string_view staple);
  void explain(int why, X509* at);
  void explain_missing_issuer(X509* stuck);
  void explain_use(int why, X509* at);
  void explain_revocation(int why, X509* at);
  [[nodiscard]] X509* issuer() const;

  const Chain& chain_;
  const Inquiry& inquiry_;
  Examination& out_;
  Store store_ = store_of(inquiry_.authorities);
};

void Examiner::judge_times() {
  for (const ShownCertificate& each : out_.chain) {
    if (each.until < inquiry_.now)
      tell(Fault::server, fmt::format("{} expired on {}", each.subject, day_of(each.until)),
           fmt::format("renew it, and let the server read it (this machine's clock says {})", day_of(inquiry_.now)));
    if (each.from > inquiry_.now)
      tell(Fault::client,
           fmt::format("{} is valid only from {}, and this machine's clock says {}", each.subject, day_of(each.from),
                       day_of(inquiry_.now)),
           "look at the clock of this machine first; then at who issued a certificate for the future");
  }
}

// Time is left out: it has been judged, and would hide what else is wrong. So is what is revoked, until it is known
// that the chain holds.
void Examiner::judge_trust() {
  STACK_OF(X509)* others = sk_X509_new_null();
  for (const Certificate& each : chain_) sk_X509_push(others, each.get());
  const auto verify = [&](unsigned long beside) {
    Verification verification(X509_STORE_CTX_new());
    X509_STORE_CTX_init(verification.get(), store_.get(), chain_.front().get(), others);
    X509_STORE_CTX_set_default(verification.get(), "ssl_server");
    X509_STORE_CTX_set_flags(verification.get(), X509_V_FLAG_NO_CHECK_TIME | beside);
    X509_verify_cert(verification.get());
    return verification;
  };
  const auto why = [](const Verification& verification) { return X509_STORE_CTX_get_error(verification.get()); };
  const auto at = [](const Verification& verification) { return X509_STORE_CTX_get_current_cert(verification.get()); };
  const Verification plain = verify(X509_V_FLAG_PARTIAL_CHAIN);
  if (why(plain) != X509_V_OK) {
    explain(why(plain), at(plain));
  } else {
    judge_anchor(plain.get());
    if (!inquiry_.revocation.empty() && add_revocation(store_.get(), inquiry_.revocation)) {
      const Verification strict = verify(0);  // lists are judged up to the root
      if (why(strict) != X509_V_OK) explain_revocation(why(strict), at(strict));
    }
  }
  sk_X509_free(others);
  ERR_clear_error();
}

/// The authority at the top is of this machine, and may be as old as anything.
void Examiner::judge_anchor(X509_STORE_CTX* verification) {
  const STACK_OF(X509)* whole = X509_STORE_CTX_get0_chain(verification);
  X509* const anchor = sk_X509_value(whole, sk_X509_num(whole) - 1);
  const bool sent =
      std::ranges::any_of(chain_, [&](const Certificate& each) { return X509_cmp(each.get(), anchor) == 0; });
  const WallTime until = time_of(X509_get0_notAfter(anchor));
  if (sent || until >= inquiry_.now) return;
  tell(Fault::client,
       fmt::format("the authority {}, which is trusted here, expired on {}", subject_of(anchor), day_of(until)),
       "get its renewed certificate: update-ca-certificates, or the file that `authorities` names");
}

void Examiner::explain(int why, X509* at) {
  X509* const stuck = at == nullptr ? chain_.front().get() : at;
  const bool own_issuer = X509_check_issued(stuck, stuck) == X509_V_OK;
  switch (why) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      break;
    default:
      return explain_use(why, stuck);
  }
  if (own_issuer && stuck == chain_.front().get())
    return tell(Fault::client, fmt::format("{} has signed itself, and nobody here vouches for it", subject_of(stuck)),
                "if you know it to be right, trust it by name (authorities); else have it issued by an authority");
  if (own_issuer)
    return tell(Fault::client, fmt::format("the root {} is not trusted on this machine", subject_of(stuck)),
                "add that root to what this machine trusts (update-ca-certificates), or name it in `authorities`");
  explain_missing_issuer(stuck);
}

/// Either the server leaves a link out, or what the chain leads to is not known here.
void Examiner::explain_missing_issuer(X509* stuck) {
  const bool of_leaf = X509_cmp(stuck, chain_.front().get()) == 0;
  // Who sends others has none that fits; who says where its issuer can be had is not below a root (roots are not
  // fetched); and no authority that machines trust issues from its root.
  const bool misses_link = of_leaf && (chain_.size() > 1 || inquiry_.authorities.empty() ||
                                       !access_address(stuck, NID_ad_ca_issuers).empty());
  if (!misses_link)
    return tell(Fault::client, fmt::format("the authority {} is not known here", issuer_of(stuck)),
                "trust it (authorities), or have the server send the certificates that lead to one that is trusted");
  const std::string command = fetching_issuer(stuck);
  tell(Fault::server, fmt::format("it does not send the certificate of {}, which issued its own", issuer_of(stuck)),
       "put that certificate behind its own in the server's file; clients cannot find it by themselves" +
           (command.empty() ? std::string() : fmt::format(" ({})", command)));
}

/// The chain leads where it should, but one of its certificates may not do what it does there.
void Examiner::explain_use(int why, X509* at) {
  const std::string who = subject_of(at);
  switch (why) {
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
      return tell(Fault::server, fmt::format("{} is no authority, and yet issued a certificate", who),
                  "have the server's certificate issued by an authority (basicConstraints CA:TRUE)");
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return tell(Fault::server, fmt::format("there are more authorities below {} than it allows (pathlen)", who),
                  "have the server's certificate issued by an authority higher up");
    case X509_V_ERR_INVALID_PURPOSE:
      return tell(Fault::server, fmt::format("{} is not for servers (extendedKeyUsage)", who),
                  "have one issued for serverAuth");
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
      return tell(Fault::server, fmt::format("{} has a name that its authority may not give (name constraints)", who),
                  "have it issued by an authority that may, or for names that this one may give");
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
      return tell(Fault::server, fmt::format("the signature of {} is not that of {}", who, issuer_of(at)),
                  "copy the file again; if that does not help, have it issued anew");
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return;  // judge_strength() says it better
    default:
      tell(Fault::server, fmt::format("{}: {}", who, X509_verify_cert_error_string(why)), "have it issued anew");
  }
}

void Examiner::explain_revocation(int why, X509* at) {
  X509* const stuck = at == nullptr ? chain_.front().get() : at;
  if (why == X509_V_ERR_CERT_REVOKED)
    return tell(Fault::server, fmt::format("{} was revoked by {}", subject_of(stuck), issuer_of(stuck)),
                "have a new one issued, for a new key");
  tell(
      Fault::client,
      fmt::format("whether {} was revoked cannot be judged: {}", subject_of(stuck), X509_verify_cert_error_string(why)),
      fmt::format("get a list of {} that is in force", issuer_of(stuck)));
}

void Examiner::judge_strength() {
  for (const Certificate& each : chain_) {
    if (const auto weakness = weakness_of(each.get()))
      tell(Fault::server, fmt::format("{}: {}", subject_of(each.get()), weakness->what),
           "have it issued again, for an ECDSA key (P-256) or RSA of 2048 bits, signed with SHA-256");
  }
}

void Examiner::judge_name() {
  const std::string& host = inquiry_.host;
  if (host.empty()) return;
  X509* const leaf = chain_.front().get();
  constexpr unsigned how = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  const bool named = IpAddress::parse(host) ? X509_check_ip_asc(leaf, host.c_str(), 0) == 1
                                            : X509_check_host(leaf, host.data(), host.size(), how, nullptr) == 1;
  if (named) return;
  const std::vector<std::string>& names = out_.chain.front().names;
  tell(Fault::name,
       fmt::format(
           "the certificate is not for {}: {}", host,
           names.empty() ? "it names no host in subjectAltName" : fmt::format("it is for {}", fmt::join(names, ", "))),
       "ask for one of its names, or have the server's certificate issued for this one, too");
}

/// Of the server's own certificate: among what it sends, or among what is trusted here.
X509* Examiner::issuer() const {
  for (const Certificate& each : chain_) {
    if (X509_check_issued(each.get(), chain_.front().get()) == X509_V_OK) return each.get();
  }
  const STACK_OF(X509_OBJECT)* trusted = X509_STORE_get0_objects(store_.get());
  for (int at = 0; at < sk_X509_OBJECT_num(trusted); ++at) {
    X509* const each = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(trusted, at));
    if (each != nullptr && X509_check_issued(each, chain_.front().get()) == X509_V_OK) return each;
  }
  return nullptr;
}

void Examiner::judge_staple(std::string_view staple) {
  X509* const leaf = chain_.front().get();
  if (staple.empty()) {
    if (must_staple(leaf))
      tell(Fault::server,
           fmt::format(
               "{} must not be believed without what its authority says of it, and nothing is shown (must-staple)",
               subject_of(leaf)),
           "let the server staple (in Weir: ocsp), or have the certificate issued without must-staple");
    return;
  }
  const OcspVerdict verdict = judge_ocsp(staple, leaf, issuer(), inquiry_.now);
  if (verdict.status == CertificateStatus::good) {
    out_.revocation =
        fmt::format("not revoked, says its authority in what the server shows (OCSP), until {}", day_of(verdict.until));
  } else if (verdict.status == CertificateStatus::revoked) {
    tell(Fault::server, verdict.what, verdict.advice);
  } else {
    tell(Fault::server, "the OCSP answer that the server shows is no good: " + verdict.what,
         "clients that look at it refuse the certificate: let the server fetch a new one, or show none");
  }
}

}  // namespace

std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::nobody:
      return "nobody";
    case Fault::server:
      return "server";
    case Fault::client:
      return "this machine";
    case Fault::name:
      return "name";
  }
  return "?";
}

Examination examine_chain(std::string_view chain, const Inquiry& inquiry, std::string_view staple) {
  Examination made;
  Chain read;
  const Bio bio = bio_over(chain);
  while (X509* each = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) read.emplace_back(each);
  ERR_clear_error();
  Examiner(read, inquiry, made).examine(staple);
  return made;
}

}  // namespace weir::tls
