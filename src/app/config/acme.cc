// The schema of `listeners[].tls.acme`.
#include "app/config/acme.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "app/config/items.h"
#include "app/outgoing/url.h"
#include "base/base64url.h"
#include "base/limits.h"
#include "base/text.h"
#include "net/address.h"

namespace weir::config {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 2> known_directories{{
    {"letsencrypt", "https://acme-v02.api.letsencrypt.org/directory"},
    {"letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory"},
}};

std::string directory_complaint(const std::string& directory) {
  const bool known = std::ranges::any_of(known_directories, [&](const auto& each) { return each.first == directory; });
  const auto url = parse_url(directory);
  if (known || (url && url->secured)) return "";
  return url ? "would be asked in the clear: anybody between here and there could issue certificates; write https://"
             : "is not letsencrypt, letsencrypt-staging or an https:// URL of a directory";
}

std::string contact_complaint(const std::vector<std::string>& contacts) {
  for (const std::string& each : contacts) {
    const std::size_t at = each.find('@');
    const bool good = at != std::string::npos && at > 0 && at + 1 < each.size() && !each.starts_with("mailto:") &&
                      std::ranges::all_of(each, [](char c) { return c > 0x20 && c < 0x7F && c != ',' && c != '?'; });
    if (!good) return fmt::format("has \"{}\", which is no mail address; write ops@example.com", each);
  }
  return "";
}

std::string advice_for_name(std::string_view name) {
  if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return "write it in ASCII, as the DNS has it: xn--...";
  return IpAddress::parse(name) ? "certificates are had for names only" : "write shop.example.com";
}

bool read_name(const Node& node, const Reading& reading, std::vector<std::string>& names) {
  if (!option::want_scalar(node, reading, "a host name")) return false;
  std::string name = text::to_lower(node.text());
  if (name.starts_with("*."))
    return reading.error(node, node.shown() + " is a wildcard, which is proved by DNS alone (dns-01), not spoken here",
                         "write the names, or on_demand");
  if (!acme::is_host_name(name)) return reading.error(node, node.shown() + " is no host name", advice_for_name(name));
  names.push_back(std::move(name));
  return true;
}

/// A name, or a list of those that share a certificate.
bool read_certificate(const Node& node, const Reading& reading, AcmeDocument& out) {
  AcmeNames made{.names = {}, .place = node.place()};
  const bool good = for_each_item(node, reading,
                                  [&](const Node& item, const Reading& at) { return read_name(item, at, made.names); });
  if (!good) return false;
  if (made.names.empty()) return reading.error(node, "a certificate needs a name");
  if (made.names.size() > limits::acme_names)
    return reading.error(node, fmt::format("a certificate has at most {} names", limits::acme_names),
                         "share them out among several");
  out.names.push_back(std::move(made));
  return out.names.size() <= limits::tls_certificates ||
         reading.error(node, "there are more certificates than a listener may have");
}

bool read_names(const Node& node, const Reading& reading, AcmeDocument& out) {
  return for_each_item(node, reading,
                       [&](const Node& item, const Reading& at) { return read_certificate(item, at, out); });
}

const Schema<ExternalAccountDocument>& external_account_schema() {
  static const auto schema =
      Schema<ExternalAccountDocument>("external account", "An account elsewhere to which the one for ACME belongs.")
          .option("key_id", &ExternalAccountDocument::key_id,
                  {.doc = "Of the key that the authority gave you.", .example = "kid-1", .required = true})
          .option("key", &ExternalAccountDocument::key,
                  {.doc = "That key, in base64url as it was given.",
                   .example = "\"${file:/run/secrets/acme-hmac}\"",
                   .required = true});
  return schema;
}

bool read_external_account(const Node& node, const Reading& reading, AcmeDocument& out) {
  ExternalAccountDocument& account = out.external_account.emplace();
  if (!external_account_schema().read_into(node, reading, account)) return false;
  const auto secret = decode_base64url(text::trim(account.key));
  return (secret && !secret->empty()) ||
         reading.error(node, "the key is not in base64url", "copy it as the authority shows it");
}

bool read_patterns(const Node& node, const Reading& reading, acme::OnDemandRules& out) {
  return for_each_item(node, reading, [&](const Node& item, const Reading& at) {
    if (!option::want_scalar(item, at, "a host name or *.example.com")) return false;
    std::string pattern = text::to_lower(item.text());
    const std::string_view named = std::string_view(pattern).substr(pattern.starts_with("*.") ? 2 : 0);
    if (!acme::is_host_name(named))
      return at.error(item, item.shown() + " is no pattern of host names", "write *.shop.example.com");
    out.patterns.push_back(std::move(pattern));
    return true;
  });
}

bool read_ask(const Node& node, const Reading& reading, acme::OnDemandRules& out) {
  if (!option::want_scalar(node, reading, "a URL")) return false;
  out.ask = parse_url(node.text());
  return out.ask || reading.error(node, node.shown() + " " + url_complaint(node.text()));
}

const Schema<acme::OnDemandRules>& on_demand_schema() {
  static const auto schema =
      Schema<acme::OnDemandRules>("on demand",
                                  "Certificates for names that are not written, when a client asks for one.")
          .custom("names", "list of host name or pattern", read_patterns,
                  {.doc = "Which may be had: host names, and *.example.com for one label below.",
                   .example = "[\"*.shop.example.com\"]"})
          .custom(
              "ask", "URL", read_ask,
              {.doc = "Who is asked whether a name may be had, by GET with domain=NAME: 2xx is yes. With names, both "
                      "have to allow it.",
               .example = "http://127.0.0.1:9000/may-have"})
          .option("per_hour", &acme::OnDemandRules::per_hour,
                  {.doc = "Certificates that are begun in an hour, whoever asks.",
                   .example = "20",
                   .minimum = 1,
                   .maximum = 10'000})
          .check([](const Node& node, const Reading& reading, const acme::OnDemandRules& rules) {
            return !rules.patterns.empty() || rules.ask ||
                   reading.error(node, "anybody could have certificates issued for any name",
                                 "write names, ask, or both");
          });
  return schema;
}

bool read_on_demand(const Node& node, const Reading& reading, AcmeDocument& out) {
  return on_demand_schema().read_into(node, reading, out.on_demand.emplace());
}

bool check_acme(const Node& node, const Reading& reading, AcmeDocument& acme) {
  if (acme.names.empty() && !acme.on_demand)
    return reading.error(node, "there is no name to have a certificate for", "write names: [shop.example.com]");
  std::set<std::string_view> seen;
  for (const AcmeNames& each : acme.names) {
    for (const std::string& name : each.names) {
      if (!seen.insert(name).second)
        return reading.error(each.place, fmt::format("{} stands twice among the names", name), "leave one out");
    }
  }
  return true;
}

}  // namespace

std::string AcmeDocument::directory_url() const {
  for (const auto& [name, url] : known_directories) {
    if (name == directory) return std::string(url);
  }
  return directory;
}

const Schema<AcmeDocument>& acme_schema() {
  using Kind = acme::ChallengeKind;
  static const auto schema =
      Schema<AcmeDocument>("acme", "Certificates that an authority issues by itself: docs/automatic-certificates.md.")
          .custom("names", "list of host name or of lists of them", read_names,
                  {.doc = "Host names to have certificates for, one each; names in a list of their own share one.",
                   .example = "[shop.example.com, [example.com, www.example.com]]"})
          .choice("terms", &AcmeDocument::terms, {{"accept", AcmeDocument::Terms::accept}},
                  {.doc = "That you have read the authority's terms of service and agree to them.",
                   .example = "accept",
                   .required = true})
          .option("contact", &AcmeDocument::contact,
                  {.doc = "Mail addresses at which the authority can reach you.",
                   .example = "[ops@example.com]",
                   .complaint = contact_complaint})
          .option("directory", &AcmeDocument::directory,
                  {.doc = "Whom to ask: letsencrypt, letsencrypt-staging (for trying out: browsers do not believe it) "
                          "or the URL of an authority's directory.",
                   .example = "letsencrypt-staging",
                   .complaint = directory_complaint})
          .choice("challenge", &AcmeDocument::challenge,
                  {{"http-01", Kind::http_01}, {"tls-alpn-01", Kind::tls_alpn_01}},
                  {.doc = "How a name is proved: the authority asks on port 80 (http-01), or shakes hands on port 443 "
                          "(tls-alpn-01).",
                   .example = "tls-alpn-01"})
          .custom("external_account", "external account", read_external_account,
                  {.doc = "For authorities that know you already and want to know it is you.",
                   .example = "{ key_id: kid-1, key: \"${file:/run/secrets/acme-hmac}\" }"},
                  &external_account_schema())
          .option("authorities", &AcmeDocument::authorities,
                  {.doc = "A file of certificates by which the authority itself is believed, in place of those that "
                          "this machine trusts.",
                   .example = "/etc/weir/internal-ca.pem"})
          .option("profile", &AcmeDocument::profile,
                  {.doc = "Which of the authority's kinds of certificates; its own choice, when not given.",
                   .example = "shortlived"})
          .custom("on_demand", "on demand", read_on_demand,
                  {.doc = "For names that nobody can list: had when the first client asks for one that is allowed.",
                   .example = "{ names: [\"*.shop.example.com\"] }"},
                  &on_demand_schema())
          .check(&check_acme);
  return schema;
}

}  // namespace weir::config
