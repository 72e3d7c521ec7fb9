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
/// What it is for, of one kind (subjectAltName): GEN_DNS, GEN_URI as they are written, GEN_IPADD in bytes.
std::vector<std::string> alternative_names(const X509* certificate, int kind);
/// The DNS names among them, in lower case.
std::vector<std::string> names_of(const X509* certificate);
/// All hosts, addresses and URIs among them, for people: nothing in them moves a cursor or begins a line.
std::vector<std::string> shown_names(const X509* certificate);
/// Where something of its issuer can be had (RFC 5280 section 4.2.2.1). \param method  NID_ad_OCSP, NID_ad_ca_issuers
std::string access_address(const X509* certificate, int method);
/// A command that prints the certificate of its issuer, as PEM. Whoever made the certificate wrote the address in it,
/// and people paste the command: empty where it says no address, or one that a shell could take for more than that.
std::string fetching_issuer(const X509* certificate);

}  // namespace weir::tls
