// The declaration, the files, and the context made of them.
#include "contracts/client_tls.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "contracts/tls_findings.h"
#include "contracts/watched_file.h"
#include "net/tls/authorities.h"
#include "net/tls/revocation.h"

namespace weir {
namespace {

/// A file that the configuration names. \returns  nothing after an error
std::optional<std::string> read_named(const ClientTlsOptions& tls, const std::string& written, BuildContext& context) {
  const std::string path = path_beside(tls.place, written);
  auto content = read_file(path, limits::tls_file_bytes);
  if (!content) {
    context.diagnostics.error(tls.place, tls.path, fmt::format("cannot read {}: {}", path, content.error()),
                              advice_for_unreadable(path, content.error()));
    return {};
  }
  if (context.files != nullptr) context.files->note(path, content->bytes);
  return std::move(content->bytes);
}

/// \returns  false after errors
bool read_identity(const ClientTlsOptions& tls, BuildContext& context, WallTime now, tls::ClientSettings& settings) {
  const std::string& key_file = tls.key.empty() ? tls.certificate : tls.key;
  const auto certificate = read_named(tls, tls.certificate, context);
  const auto key = certificate ? read_named(tls, key_file, context) : std::nullopt;
  if (!certificate || !key) return false;
  std::vector<tls::Finding> findings;
  settings.identity = tls::Identity::read(*certificate, *key, now, findings, tls::ShownTo::servers);
  tell_findings(findings, path_beside(tls.place, tls.certificate), path_beside(tls.place, key_file),
                context.diagnostics);
  return settings.identity != nullptr;
}

std::string uri_complaint(const std::string& uri) {
  const std::size_t end = uri.find("://");
  const bool whole = end != std::string::npos && end > 0 && uri.size() > end + 3;
  return whole ? "" : "is no URI: spiffe://prod/shop";
}

/// A key alone would be taken for nothing. \returns  false after errors
bool check_key(const ClientTlsOptions& tls, BuildContext& context) {
  if (tls.key.empty() || !tls.certificate.empty()) return true;
  context.diagnostics.error(tls.place, tls.path, "there is a key, and no certificate that it belongs to",
                            "write certificate: FILE, too, or leave the key out");
  return false;
}

/// \returns  false after errors
bool read_authorities(const ClientTlsOptions& tls, BuildContext& context, WallTime now, tls::ClientSettings& settings) {
  auto authorities = read_named(tls, tls.authorities, context);
  if (!authorities) return false;
  const std::vector<tls::Finding> findings = tls::judge_authorities(*authorities, now);
  const std::string file = path_beside(tls.place, tls.authorities);
  tell_findings(findings, file, file, context.diagnostics);
  settings.authorities = std::move(*authorities);
  return std::ranges::none_of(findings, &tls::Finding::error);
}

/// What is verified has to be asked for together. \returns  false after errors
bool check_uri(const ClientTlsOptions& tls, BuildContext& context) {
  if (tls.uri.empty() || tls.verify) return true;
  context.diagnostics.error(tls.place, tls.path, "a URI is asked for, but certificates are not verified",
                            "leave verify: false out");
  return false;
}

/// \returns  false after errors
bool read_revocation(const ClientTlsOptions& tls, BuildContext& context, WallTime now, tls::ClientSettings& settings) {
  if (!tls.verify) {
    context.diagnostics.error(tls.place, tls.path, "revocation is asked for, but certificates are not verified",
                              "leave verify: false out");
    return false;
  }
  auto lists = read_named(tls, tls.revocation, context);
  if (!lists) return false;
  const std::vector<tls::Finding> findings = tls::judge_revocation(*lists, settings.authorities, now);
  const std::string file = path_beside(tls.place, tls.revocation);
  tell_findings(findings, file, file, context.diagnostics);
  settings.revocation = std::move(*lists);
  return std::ranges::none_of(findings, &tls::Finding::error);
}

}  // namespace

const Schema<ClientTlsOptions>& ClientTlsOptions::schema() {
  static const auto schema =
      Schema<ClientTlsOptions>("tls to a server", "How TLS is spoken to a server; `on` is all that most need.")
          .option("verify", &ClientTlsOptions::verify,
                  {.doc = "Whether its certificate must lead to a trusted authority and have its name. Off, anybody "
                          "between here and there may read and change everything."})
          .option("name", &ClientTlsOptions::name,
                  {.doc = "What it is asked for (SNI) and must prove to be; the host of its address, when not given.",
                   .example = "shop.internal"})
          .option(
              "uri", &ClientTlsOptions::uri,
              {.doc = "The URI that its certificate must have, and no other beside it (SPIFFE); with /* at its end, "
                      "any below. Its name is then looked at only where `name` is given.",
               .example = "spiffe://prod/shop",
               .complaint = uri_complaint})
          .option("authorities", &ClientTlsOptions::authorities,
                  {.doc = "A file of certificates that are trusted, in place of those that this machine trusts.",
                   .example = "/etc/weir/internal-ca.pem"})
          .option(
              "revocation", &ClientTlsOptions::revocation,
              {.doc = "A file with lists of revoked certificates (CRL, PEM): one of each authority between a server "
                      "and the root, the root included. What is on one is refused, and so is everything whose "
                      "authority has none that is in force. Read at a reload.",
               .example = "/etc/weir/internal-ca.crl"})
          .option("certificate", &ClientTlsOptions::certificate,
                  {.doc = "A certificate that is shown to servers that ask for one, with its chain.",
                   .example = "/etc/weir/client.pem"})
          .option("key", &ClientTlsOptions::key,
                  {.doc = "Its private key; in the same file, when not given.", .example = "/etc/weir/client.key"})
          .choice("oldest_version", &ClientTlsOptions::oldest,
                  {{"1.2", tls::Version::tls_1_2}, {"1.3", tls::Version::tls_1_3}},
                  {.doc = "The oldest version of TLS that is spoken.", .example = "1.3"})
          .shorthand([](const Node& node, const Reading& reading, ClientTlsOptions&) {
            std::size_t word = 0;
            return option::read_word(node, reading, {"on"}, word);
          });
  return schema;
}

bool read_client_tls(const Node& node, const Reading& reading, std::optional<ClientTlsOptions>& tls) {
  ClientTlsOptions& made = tls.emplace();
  made.place = node.place();
  made.path = reading.path();
  return ClientTlsOptions::schema().read_into(node, reading, made);
}

std::shared_ptr<const tls::ClientContext> make_client_tls(const ClientTlsOptions& options, const std::string& host,
                                                          std::vector<std::string> protocols, BuildContext& context,
                                                          WallTime now) {
  tls::ClientSettings settings{.verify = options.verify,
                               .name = options.name.empty() ? host : options.name,
                               .certificate_uri = options.uri,
                               .checks_name = options.uri.empty() || !options.name.empty(),
                               .oldest = options.oldest,
                               .protocols = std::move(protocols)};
  if (!options.verify) {
    context.diagnostics.warning(options.place, options.path,
                                "certificates are not verified: anybody between here and there may read and change all",
                                "name the authority that issued them: tls: { authorities: FILE }");
  }
  if (!check_uri(options, context) || !check_key(options, context)) return nullptr;
  if (!options.authorities.empty() && !read_authorities(options, context, now, settings)) return nullptr;
  if (!options.revocation.empty() && !read_revocation(options, context, now, settings)) return nullptr;
  if (!options.certificate.empty() && !read_identity(options, context, now, settings)) return nullptr;
  auto made = tls::ClientContext::make(settings);
  if (made) return *made;
  context.diagnostics.error(options.place, options.path, made.error());
  return nullptr;
}

}  // namespace weir
