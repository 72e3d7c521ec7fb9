// What is written in a certificate, as text and moments. For the .cc files of this folder, which know the library.
#pragma once

#include <string>
#include <vector>

#include "base/units.h"
#include "net/tls/openssl.h"

namespace weir::tls {

/// As RFC 2253 writes names: `CN=shop.test,O=Shop`.
std::string text_of(const X509_NAME* name);
WallTime time_of(const ASN1_TIME* time);
/// `2026-11-29 02:47 UTC`.
std::string day_of(WallTime time);
/// The DNS names it is for (subjectAltName), in lower case, in their order.
std::vector<std::string> names_of(const X509* certificate);

}  // namespace weir::tls
