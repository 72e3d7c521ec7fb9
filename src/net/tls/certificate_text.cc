// Asking the library, and copying what it says.
#include "net/tls/certificate_text.h"

#include <arpa/inet.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include "base/text.h"

namespace weir::tls {

std::string text_of(const X509_NAME* name) {
  const Bio out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(std::max(size, 0L))};
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime{std::chrono::seconds{::timegm(&parts)}};
}

std::string day_of(WallTime time) {
  return fmt::format("{:%Y-%m-%d %H:%M} UTC",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time))));
}

namespace {

std::string_view view_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
  if (family == AF_INET6 && bytes.size() != sizeof(in6_addr)) return "?";
  return ::inet_ntop(family, bytes.data(), text.data(), text.size());
}

bool is_visible(char byte) {
  return byte > ' ' && byte < '\x7f';
}

}  // namespace

std::vector<std::string> alternative_names(const X509* certificate, int kind) {
  std::vector<std::string> names;
  auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int at = 0; at < sk_GENERAL_NAME_num(all); ++at) {
    int its_kind = 0;
    const auto* name = static_cast<ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all, at), &its_kind));
    if (its_kind == kind) names.emplace_back(view_of(name));
  }
  GENERAL_NAMES_free(all);
  return names;
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names = alternative_names(certificate, GEN_DNS);
  for (std::string& each : names) each = text::to_lower(each);
  return names;
}

std::vector<std::string> shown_names(const X509* certificate) {
  std::vector<std::string> names = names_of(certificate);
  for (const std::string& each : alternative_names(certificate, GEN_IPADD)) names.push_back(address_text(each));
  for (std::string& each : alternative_names(certificate, GEN_URI)) names.push_back(std::move(each));
  for (std::string& each : names) std::ranges::replace_if(each, [](char byte) { return !is_visible(byte); }, '?');
  return names;
}

std::string access_address(const X509* certificate, int method) {
  std::string address;
  auto* all = static_cast<AUTHORITY_INFO_ACCESS*>(X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr));
  for (int at = 0; at < sk_ACCESS_DESCRIPTION_num(all); ++at) {
    const ACCESS_DESCRIPTION* each = sk_ACCESS_DESCRIPTION_value(all, at);
    if (OBJ_obj2nid(each->method) == method && each->location->type == GEN_URI)
      address = view_of(each->location->d.uniformResourceIdentifier);
  }
  AUTHORITY_INFO_ACCESS_free(all);
  return address;
}

std::string fetching_issuer(const X509* certificate) {
  const std::string address = access_address(certificate, NID_ad_ca_issuers);
  const bool plain = std::ranges::all_of(address, [](char byte) {
    return text::is_alpha(byte) || text::is_digit(byte) || std::string_view("-._~:/%+=,@").contains(byte);
  });
  if (!plain || !address.starts_with("http")) return {};
  return fmt::format("curl {} | openssl x509 -inform der", address);
}

}  // namespace weir::tls
