// Certificates that authorities issue, as operators are shown them: how each stands, how long it lasts, what went
// wrong.
#pragma once

#include <span>
#include <string>

#include "app/acme/certificate_status.h"
#include "app/admin/exposition.h"
#include "app/json_writer.h"

namespace weir {

/// One word: `valid`, `expired`, `missing` (clients are shown a self-signed one, or what there was before).
std::string_view state_of(const acme::CertificateStatus& certificate);

/// A member `certificates` of the object that is open; none when there are none.
void add_certificates(JsonWriter& json, std::span<const acme::CertificateStatus> certificates);
/// Lines of `weir status`; empty when there are none.
std::string certificates_text(std::span<const acme::CertificateStatus> certificates);
void add_certificates(Exposition& page, std::span<const acme::CertificateStatus> certificates);

}  // namespace weir
