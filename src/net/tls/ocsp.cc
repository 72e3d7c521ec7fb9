// The questions to an answer, in the order in which a client asks them.
#include "net/tls/ocsp.h"

#include <fmt/format.h>
#include <openssl/ocsp.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "net/tls/certificate_text.h"
#include "net/tls/openssl.h"

namespace weir::tls {
namespace {

using Response = std::unique_ptr<OCSP_RESPONSE, Freed<&OCSP_RESPONSE_free>>;
using Basic = std::unique_ptr<OCSP_BASICRESP, Freed<&OCSP_BASICRESP_free>>;
using Id = std::unique_ptr<OCSP_CERTID, Freed<&OCSP_CERTID_free>>;
using Store = std::unique_ptr<X509_STORE, Freed<&X509_STORE_free>>;

/// Clocks of authorities and of machines differ; browsers allow as much.
constexpr auto clock_difference = std::chrono::minutes{5};
constexpr int status_request = 5;  // the TLS extension that must-staple names (RFC 6066 section 8)

OcspVerdict useless(std::string what, std::string advice) {
  return {.status = CertificateStatus::unusable, .what = std::move(what), .advice = std::move(advice)};
}

constexpr const char* ask_again = "fetch it again: openssl ocsp -issuer ISSUER -cert CERTIFICATE -url URL -respout NEW";

/// One answer against one certificate.
class Judge {
 public:
  Judge(const X509* certificate, const X509* issuer, WallTime now)
      : certificate_(const_cast<X509*>(certificate)), issuer_(const_cast<X509*>(issuer)), now_(now) {}

  OcspVerdict judge(std::string_view answer) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(answer.data());
    const Response response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(answer.size())));
    if (response == nullptr) {
      const bool text = answer.starts_with("-----BEGIN");
      return useless("it is no OCSP answer",
                     text ? "it is in PEM: it has to be in DER, as it came over the wire" : std::string(ask_again));
    }
    if (const int status = OCSP_response_status(response.get()); status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
      return useless(fmt::format("the authority gave no answer: {}", OCSP_response_status_str(status)), ask_again);
    const Basic basic(OCSP_response_get1_basic(response.get()));
    if (basic == nullptr) return useless("it is an OCSP answer of an unknown kind", ask_again);
    if (issuer_ == nullptr)
      return useless("it cannot be verified: the issuer's certificate does not stand behind the server's own",
                     "append the issuer's certificate to the file of the certificate");
    OCSP_SINGLERESP* const single = find(basic.get());
    if (single == nullptr) return useless("it is about another certificate", ask_again);
    if (!is_signed(basic.get()))
      return useless(fmt::format("it is signed neither by {} nor by whom that authority appointed: {}",
                                 text_of(X509_get_subject_name(issuer_)), last_complaint()),
                     ask_again);
    return judge_word(single);
  }

 private:
  /// An answer names certificates by digests of its own choice.
  OCSP_SINGLERESP* find(OCSP_BASICRESP* basic) const {
    for (int at = 0; at < OCSP_resp_count(basic); ++at) {
      OCSP_SINGLERESP* const each = OCSP_resp_get0(basic, at);
      auto* const said = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(each));
      ASN1_OBJECT* digest = nullptr;
      OCSP_id_get0_info(nullptr, &digest, nullptr, nullptr, said);
      const EVP_MD* const kind = EVP_get_digestbyobj(digest);
      if (kind == nullptr) continue;
      const Id ours(OCSP_cert_to_id(kind, certificate_, issuer_));
      if (ours != nullptr && OCSP_id_cmp(ours.get(), said) == 0) return each;
    }
    return nullptr;
  }

  /// The issuer alone is believed here, be it a root or not.
  [[nodiscard]] bool is_signed(OCSP_BASICRESP* basic) const {
    const Store store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), issuer_);
    X509_VERIFY_PARAM* const how = X509_STORE_get0_param(store.get());
    X509_VERIFY_PARAM_set_flags(how, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(how, std::chrono::system_clock::to_time_t(
                                        std::chrono::time_point_cast<std::chrono::system_clock::duration>(now_)));
    STACK_OF(X509)* const signers = sk_X509_new_null();
    sk_X509_push(signers, issuer_);
    const bool good = OCSP_basic_verify(basic, signers, store.get(), OCSP_PARTIAL_CHAIN | OCSP_NOEXPLICIT) == 1;
    sk_X509_free(signers);
    return good;
  }

  [[nodiscard]] OcspVerdict judge_word(OCSP_SINGLERESP* single) const {
    int reason = 0;
    ASN1_GENERALIZEDTIME* revoked = nullptr;
    ASN1_GENERALIZEDTIME* from = nullptr;
    ASN1_GENERALIZEDTIME* until = nullptr;
    const int status = OCSP_single_get0_status(single, &reason, &revoked, &from, &until);
    OcspVerdict verdict{.from = time_of(from)};
    if (status == V_OCSP_CERTSTATUS_REVOKED) {
      verdict.status = CertificateStatus::revoked;
      verdict.what =
          fmt::format("{} was revoked on {}", text_of(X509_get_subject_name(certificate_)), day_of(time_of(revoked)));
      verdict.advice = "have a new certificate issued, for a new key";
      return verdict;
    }
    if (verdict.from > now_ + clock_difference)
      return useless(fmt::format("it holds only from {}", day_of(verdict.from)), "look at the clock of this machine");
    if (until == nullptr)
      return useless("it does not say until when it holds", "have the authority say so (openssl ocsp -ndays)");
    verdict.until = time_of(until);
    if (verdict.until <= now_) return useless(fmt::format("it is stale since {}", day_of(verdict.until)), ask_again);
    verdict.status = status == V_OCSP_CERTSTATUS_GOOD ? CertificateStatus::good : CertificateStatus::unknown;
    if (verdict.status == CertificateStatus::unknown) {
      verdict.what = "the authority says that it does not know the certificate";
      verdict.advice = "ask again later if the certificate is new; else have it issued again";
    }
    return verdict;
  }

  X509* certificate_;
  X509* issuer_;
  WallTime now_;
};

}  // namespace

OcspVerdict judge_ocsp(std::string_view answer, const x509_st* certificate, const x509_st* issuer, WallTime now) {
  ERR_clear_error();
  OcspVerdict verdict = Judge(certificate, issuer, now).judge(answer);
  ERR_clear_error();
  return verdict;
}

std::optional<WallTime> ocsp_ends(std::string_view answer) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(answer.data());
  const Response response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(answer.size())));
  const Basic basic(response == nullptr ? nullptr : OCSP_response_get1_basic(response.get()));
  ERR_clear_error();
  if (basic == nullptr || OCSP_resp_count(basic.get()) == 0) return {};
  ASN1_GENERALIZEDTIME* until = nullptr;
  OCSP_single_get0_status(OCSP_resp_get0(basic.get(), 0), nullptr, nullptr, nullptr, &until);
  return until == nullptr ? std::nullopt : std::optional(time_of(until));
}

std::string ocsp_request(const x509_st* certificate, const x509_st* issuer) {
  if (issuer == nullptr) return {};
  const std::unique_ptr<OCSP_REQUEST, Freed<&OCSP_REQUEST_free>> request(OCSP_REQUEST_new());
  // SHA-1 is what all responders know (RFC 5019 section 2.1.1); nothing hangs on its strength.
  OCSP_request_add0_id(request.get(), OCSP_cert_to_id(EVP_sha1(), certificate, issuer));
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_REQUEST(request.get(), &der);
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return bytes;
}

bool must_staple(const x509_st* certificate) {
  auto* features = static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr));
  bool must = false;
  for (int at = 0; at < sk_ASN1_INTEGER_num(features); ++at)
    must |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, at)) == status_request;
  sk_ASN1_INTEGER_pop_free(features, &ASN1_INTEGER_free);
  return must;
}

std::string ocsp_address(const x509_st* certificate) {
  return access_address(certificate, NID_ad_OCSP);
}

}  // namespace weir::tls
