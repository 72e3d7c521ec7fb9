// What an authority says of one certificate, in an answer that whoever has the certificate may show on (OCSP, RFC
// 6960).
//
// Problem: whether a certificate was revoked only its authority knows. A client that asks is slow, and tells the
// authority whom it visits; so the server shows the authority's signed word itself (stapling, RFC 6066 section 8). But
// a word that is stale, or about another certificate, makes clients refuse what they would have taken without one.
// Idea: an answer is judged as a client would judge it, before anybody sees it: is it about this certificate, is it
// signed by its issuer or by whom the issuer appointed for that, does it hold now, and what does it say.
//
// Invariants
//   (1) An answer is good only if a client that checks everything would take it as good.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"

struct x509_st;

namespace weir::tls {

/// `unusable`: whatever it says, nobody should believe it, or not any more.
enum class CertificateStatus : std::uint8_t { good, revoked, unknown, unusable };

struct OcspVerdict {
  CertificateStatus status = CertificateStatus::unusable;
  std::string what;    ///< of all but good: what is wrong, for people
  std::string advice;  ///< and what to do about it
  WallTime from{};     ///< of good: when it was given
  WallTime until{};    ///< of good: from then on it is stale
};

/// \param answer  an OCSPResponse in DER
/// \param issuer  of the certificate; null: it is not known, so that nothing can be verified
OcspVerdict judge_ocsp(std::string_view answer, const x509_st* certificate, const x509_st* issuer, WallTime now);

/// When an answer will be stale, by its own word and whoever signed it; nothing: it is no answer, or does not say.
std::optional<WallTime> ocsp_ends(std::string_view answer);

/// What its authority is asked (an OCSPRequest in DER, without a nonce: RFC 5019); empty without an issuer.
std::string ocsp_request(const x509_st* certificate, const x509_st* issuer);

/// Whether a certificate says that it must not be believed without such an answer (must-staple, RFC 7633).
bool must_staple(const x509_st* certificate);

/// Where its authority answers, as the certificate itself says (RFC 5280 section 4.2.2.1); empty: nowhere.
std::string ocsp_address(const x509_st* certificate);

}  // namespace weir::tls
