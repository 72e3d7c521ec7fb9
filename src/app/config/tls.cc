// The schema of `listeners[].tls`.
#include "app/config/tls.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/config/items.h"
#include "base/limits.h"

namespace weir::config {
namespace {

std::string path_complaint(const std::string& path) {
  return path.empty() ? "names no file" : "";
}

const Schema<CertificateDocument>& certificate_schema() {
  static const auto schema =
      Schema<CertificateDocument>("certificate", "A certificate and its key, as files in PEM.")
          .option("certificate", &CertificateDocument::certificate,
                  {.doc = "The certificate and, behind it, those that lead to its root.",
                   .example = "/etc/weir/shop.pem",
                   .required = true,
                   .complaint = path_complaint})
          .option("key", &CertificateDocument::key,
                  {.doc = "Its private key, without a passphrase; in the same file, when not given.",
                   .example = "/etc/weir/shop.key"})
          .option(
              "ocsp", &CertificateDocument::ocsp,
              {.doc = "A file with what its authority says of it (an OCSP answer in DER), shown to clients that ask "
                      "(stapling). An answer that is stale, or about another certificate, is not shown.",
               .example = "/etc/weir/shop.ocsp"})
          .option("default", &CertificateDocument::is_default,
                  {.doc = "Shown to who asks for no name, or for one that no certificate has; else the first is."})
          .shorthand("certificate");
  return schema;
}

Place place_of(const Node& map, std::string_view name) {
  const Node* found = map.find(name);
  return found == nullptr ? map.place() : found->place();
}

bool read_certificates(const Node& node, const Reading& reading, TlsDocument& out) {
  std::size_t index = 0;
  const bool good = for_each_item(node, reading, [&](const Node& item, const Reading& at) {
    CertificateDocument& made = out.certificates.emplace_back();
    made.place = item.place();
    made.path = at.path();
    if (!certificate_schema().read_into(item, at, made)) return false;
    made.certificate_place = place_of(item, "certificate");
    made.key_place = place_of(item, made.key.empty() ? "certificate" : "key");
    made.ocsp_place = place_of(item, "ocsp");
    if (made.key.empty()) made.key = made.certificate;
    return ++index <= limits::tls_certificates ||
           at.error(item, "there are more certificates than a listener may have");
  });
  if (!good) return false;
  if (out.certificates.empty()) return reading.error(node, "TLS needs a certificate");
  const auto is_default = [](const CertificateDocument& each) { return each.is_default; };
  return std::ranges::count_if(out.certificates, is_default) <= 1 ||
         reading.error(node, "more than one certificate is the default", "keep default: true at one of them");
}

bool read_protocols(const Node& node, const Reading& reading, TlsDocument& out) {
  out.protocols_place = node.place();
  return for_each_item(node, reading, [&](const Node& item, const Reading& at) {
    std::size_t index = 0;
    const std::vector<std::string_view>& spoken = tls::spoken_protocols();
    if (!option::read_word(item, at, spoken, index)) return false;
    out.protocols.emplace_back(spoken[index]);
    return true;
  });
}

const Schema<ClientCertificatesDocument>& client_certificates_schema() {
  using Mode = tls::ClientCertificates;
  static const auto schema =
      Schema<ClientCertificatesDocument>("client certificates", "What clients have to show.")
          .option("authorities", &ClientCertificatesDocument::authorities,
                  {.doc = "A file with the certificates of those who may issue them.",
                   .example = "/etc/weir/staff-ca.pem",
                   .required = true,
                   .complaint = path_complaint})
          .choice("mode", &ClientCertificatesDocument::mode,
                  {{"optional", Mode::optional}, {"required", Mode::required}},
                  {.doc = "required: without one there is no connection. optional: one that is shown must be good.",
                   .example = "optional"})
          .option("depth", &ClientCertificatesDocument::depth,
                  {.doc = "Certificates between a client's own and the authority's.", .example = "1", .maximum = 10})
          .option(
              "revocation", &ClientCertificatesDocument::revocation,
              {.doc = "A file with lists of revoked certificates (CRL, PEM): one of each authority between a client "
                      "and the root, the root included. Who is on one is refused, and so is everybody whose "
                      "authority has none that is in force.",
               .example = "/etc/weir/staff-ca.crl"})
          .option("forward", &ClientCertificatesDocument::forward,
                  {.doc = "Whether upstreams are told of it, in Client-Cert (RFC 9440). What clients say in that field "
                          "never reaches them."})
          .shorthand("authorities");
  return schema;
}

bool read_clients(const Node& node, const Reading& reading, TlsDocument& out) {
  ClientCertificatesDocument& clients = out.clients.emplace();
  clients.place = node.place();
  clients.path = reading.path();
  return client_certificates_schema().read_into(node, reading, clients);
}

bool read_acme(const Node& node, const Reading& reading, TlsDocument& out) {
  AcmeDocument& acme = out.acme.emplace();
  acme.place = node.place();
  acme.path = reading.path();
  return acme_schema().read_into(node, reading, acme);
}

bool check_early_data(const Node& node, const Reading& reading, TlsDocument& tls) {
  tls.early_data_place = place_of(node, "early_data");
  if (!tls.early_data || tls.session_tickets) return true;
  return reading.error(*node.find("early_data"), "early data comes with resumption, but session_tickets is off",
                       "leave one of the two out");
}

bool check_certificates_and_tickets(const Node& node, const Reading& reading, TlsDocument& tls) {
  tls.path = reading.path();
  if (tls.certificates.empty() && !tls.acme)
    return reading.error(node, "TLS needs a certificate", "name a file under certificates, or write acme: { ... }");
  tls.ticket_keys_place = place_of(node, "ticket_keys");
  if (tls.session_tickets || tls.ticket_keys.empty()) return true;
  return reading.error(*node.find("ticket_keys"), "there are keys for tickets, but session_tickets is off",
                       "leave one of the two out");
}

bool check_tls(const Node& node, const Reading& reading, TlsDocument& tls) {
  return check_certificates_and_tickets(node, reading, tls) && check_early_data(node, reading, tls);
}

}  // namespace

bool settle_protocols(TlsDocument& tls, bool http2) {
  constexpr std::string_view http2_name = "h2";
  if (!tls.protocols.empty()) return http2 || std::ranges::find(tls.protocols, http2_name) == tls.protocols.end();
  const std::vector<std::string_view>& spoken = tls::spoken_protocols();
  tls.protocols.assign(spoken.begin(), spoken.end());
  if (!http2) std::erase(tls.protocols, http2_name);
  return true;
}

const Schema<TlsDocument>& tls_schema() {
  static const auto schema =
      Schema<TlsDocument>("tls", "What a listener shows its clients, and agrees on with them.")
          .custom("certificates", "list of certificate", read_certificates,
                  {.doc = "Each client is shown the one that has the name it asks for; ECDSA and RSA may stand side by "
                          "side. Renewed files are taken over within seconds.",
                   .example = "[{ certificate: shop.pem, key: shop.key }]"},
                  &certificate_schema())
          .choice("oldest_version", &TlsDocument::oldest,
                  {{"1.2", tls::Version::tls_1_2}, {"1.3", tls::Version::tls_1_3}},
                  {.doc = "The oldest version of TLS that is spoken; 1.3 is always.", .example = "1.3"})
          .custom("protocols", "list of protocol", read_protocols,
                  {.doc = "What is offered by ALPN, most wanted first; all that Weir speaks, when not given.",
                   .example = "[http/1.1]"})
          .custom("acme", "acme", read_acme,
                  {.doc = "Certificates that an authority such as Let's Encrypt issues by itself.",
                   .example = "{ names: [shop.example.com], terms: accept }"},
                  &acme_schema())
          .custom("client_certificates", "client certificates", read_clients,
                  {.doc = "Asks clients for certificates.", .example = "/etc/weir/staff-ca.pem"},
                  &client_certificates_schema())
          .option("session_tickets", &TlsDocument::session_tickets,
                  {.doc = "Whether clients may resume a session, which spares them and Weir the full handshake."})
          .option(
              "ticket_keys", &TlsDocument::ticket_keys,
              {.doc = "A file with one to three keys of 80 bytes each (openssl rand 80) that several machines share, "
                      "so that clients may resume at any of them. The first seals, all open. Keys that change are "
                      "taken over within seconds. Without it, keys are made here and change by themselves.",
               .example = "/etc/weir/ticket.keys"})
          .option(
              "early_data", &TlsDocument::early_data,
              {.doc = "Whether clients that resume may send requests with their first flight (0-RTT). Only GET, HEAD "
                      "and OPTIONS without content are served so, with Early-Data: 1 to upstreams; others get 425. "
                      "Each hello is taken once in this process; machines that share ticket_keys do not know of "
                      "each other's."})
          .option(
              "fetch_ocsp", &TlsDocument::fetch_ocsp,
              {.doc = "Whether Weir asks authorities itself what they say of the certificates (OCSP), where no file "
                      "has it, of automatic ones too: anew at half its time, kept under `state`. Who does not answer "
                      "harms nothing."})
          .check(&check_tls);
  return schema;
}

}  // namespace weir::config
