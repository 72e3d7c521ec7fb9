// Reading the files, and finding the name that servers must prove to have.
#include "app/tls/upstream_tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "app/tls/findings.h"
#include "contracts/watched_file.h"

namespace weir {
namespace {

using config::UpstreamTlsDocument;

/// The host of all endpoints; nothing when they have several, or none (unix sockets).
std::optional<std::string> common_host(const config::UpstreamDocument& upstream) {
  std::optional<std::string> host;
  for (const config::EndpointDocument& endpoint : upstream.endpoints) {
    if (endpoint.address.is_unix() || !endpoint.service.empty()) return {};
    if (host && *host != endpoint.address.host) return {};
    host = endpoint.address.host;
  }
  return host;
}

/// A file that the configuration names. \returns  nothing after an error
std::optional<std::string> read_named(const UpstreamTlsDocument& tls, const std::string& written,
                                      BuildContext& context) {
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
bool read_identity(const UpstreamTlsDocument& tls, BuildContext& context, WallTime now, tls::ClientSettings& settings) {
  const std::string& key_file = tls.key.empty() ? tls.certificate : tls.key;
  const auto certificate = read_named(tls, tls.certificate, context);
  const auto key = certificate ? read_named(tls, key_file, context) : std::nullopt;
  if (!certificate || !key) return false;
  std::vector<tls::Finding> findings;
  settings.identity = tls::Identity::read(*certificate, *key, now, findings);
  tell_findings(findings, path_beside(tls.place, tls.certificate), path_beside(tls.place, key_file),
                context.diagnostics);
  return settings.identity != nullptr;
}

}  // namespace

std::shared_ptr<const tls::ClientContext> make_upstream_tls(const config::UpstreamDocument& upstream,
                                                            std::vector<std::string> protocols, BuildContext& context,
                                                            WallTime now) {
  const UpstreamTlsDocument& tls = *upstream.tls;
  tls::ClientSettings settings{
      .verify = tls.verify, .name = tls.name, .oldest = tls.oldest, .protocols = std::move(protocols)};
  if (settings.name.empty()) {
    const std::optional<std::string> host = common_host(upstream);
    if (!host && tls.verify) {
      context.diagnostics.error(tls.place, tls.path,
                                "the endpoints have no host in common that a certificate could be expected to have",
                                "write tls: { name: shop.internal }, or give them upstreams of their own");
      return nullptr;
    }
    settings.name = host.value_or("");
  }
  if (!tls.verify) {
    context.diagnostics.warning(tls.place, tls.path,
                                "certificates are not verified: anybody between here and there may read and change all",
                                "name the authority that issued them: tls: { authorities: FILE }");
  }
  if (!tls.authorities.empty()) {
    auto authorities = read_named(tls, tls.authorities, context);
    if (!authorities) return nullptr;
    settings.authorities = std::move(*authorities);
  }
  if (!tls.certificate.empty() && !read_identity(tls, context, now, settings)) return nullptr;
  auto made = tls::ClientContext::make(settings);
  if (made) return *made;
  context.diagnostics.error(tls.place, tls.path, made.error());
  return nullptr;
}

std::shared_ptr<const tls::ClientContext> offering(const tls::ClientContext& context,
                                                   std::vector<std::string> protocols) {
  tls::ClientSettings settings = context.settings();
  settings.protocols = std::move(protocols);
  const auto made = tls::ClientContext::make(settings);
  invariant(made.has_value(), "what made one context makes another");
  return *made;
}

}  // namespace weir
