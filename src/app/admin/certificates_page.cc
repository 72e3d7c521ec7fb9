// The same facts three times: for programs, for people, for graphs.
#include "app/admin/certificates_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/time_text.h"
#include "base/limits.h"

namespace weir {
namespace {

double seconds_of(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace

std::string_view state_of(const acme::CertificateStatus& certificate) {
  if (!certificate.issued) return "missing";
  return certificate.as_of < certificate.lifetime.until ? "valid" : "expired";
}

void add_certificates(JsonWriter& json, std::span<const acme::CertificateStatus> certificates) {
  if (certificates.empty()) return;
  json.key("certificates").begin_array();
  for (const acme::CertificateStatus& each : certificates) {
    json.begin_object().key("names").begin_array();
    for (const std::string& name : each.names) json.value(name);
    json.end_array().member("authority", each.authority).member("state", state_of(each));
    if (each.issued) {
      json.member("valid_from", time_text(each.lifetime.from)).member("valid_until", time_text(each.lifetime.until));
      json.member("issuer", each.issuer);
    }
    if (each.renewal) json.member("renewal", time_text(*each.renewal));
    json.member("being_issued", each.being_issued).member("failures", each.failures);
    if (each.next_try) json.member("next_try", time_text(*each.next_try));
    if (!each.trouble.empty()) json.member("last_error", each.trouble);
    if (each.trouble_at) json.member("last_error_at", time_text(*each.trouble_at));
    json.end_object();
  }
  json.end_array();
}

std::string certificates_text(std::span<const acme::CertificateStatus> certificates) {
  std::string out;
  for (const acme::CertificateStatus& each : certificates) {
    out += fmt::format("  certificate    {}: {}", fmt::join(each.names, ", "), state_of(each));
    if (each.issued) out += fmt::format(" until {}", time_text(each.lifetime.until));
    if (!each.issued)
      out += each.others_shown ? ", clients are shown what there was before" : ", clients are shown a self-signed one";
    if (each.renewal) out += fmt::format(", renewal {}", time_text(*each.renewal));
    out += fmt::format(" ({})", each.authority);
    if (each.being_issued) out += ", is being issued";
    out += "\n";
    if (each.trouble.empty()) continue;
    out += "                 ";
    // That another process is at it is no failure.
    if (each.failures > 0) out += fmt::format("failed {} time{}, last: ", each.failures, each.failures == 1 ? "" : "s");
    out += each.trouble;
    if (each.next_try) out += fmt::format("; next try {}", time_text(*each.next_try));
    out += "\n";
  }
  return out;
}

void add_certificates(Exposition& page, std::span<const acme::CertificateStatus> certificates) {
  if (certificates.empty()) return;
  certificates = certificates.first(std::min(certificates.size(), limits::endpoints_with_metrics));
  const auto each = [&](auto sample) {
    for (const acme::CertificateStatus& certificate : certificates) sample(certificate, certificate.names.front());
  };
  page.family("weir_certificate_issued", "gauge",
              "Whether an authority has issued the certificate and it is in force, by its first name.");
  each([&](const auto& certificate, const std::string& name) {
    page.sample({{"certificate", name}}, std::uint64_t{state_of(certificate) == "valid"});
  });
  page.family("weir_certificate_expiry_seconds", "gauge", "When it ends, in seconds since 1970; 0: there is none.");
  each([&](const auto& certificate, const std::string& name) {
    page.sample({{"certificate", name}}, certificate.issued ? seconds_of(certificate.lifetime.until) : 0.0);
  });
  page.family("weir_certificate_renewal_seconds", "gauge",
              "When the next is asked for, in seconds since 1970; 0: as soon as can be.");
  each([&](const auto& certificate, const std::string& name) {
    page.sample({{"certificate", name}}, certificate.renewal ? seconds_of(*certificate.renewal) : 0.0);
  });
  page.family("weir_certificate_failures", "gauge", "Tries in a row that have failed.");
  each([&](const auto& certificate, const std::string& name) {
    page.sample({{"certificate", name}}, std::uint64_t{certificate.failures});
  });
}

}  // namespace weir
