// Finding the name that servers must prove to have.
#include "app/tls/upstream_tls.h"

#include <optional>

namespace weir {
namespace {

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

}  // namespace

std::shared_ptr<const tls::ClientContext> make_upstream_tls(const config::UpstreamDocument& upstream,
                                                            std::vector<std::string> protocols, BuildContext& context,
                                                            WallTime now) {
  const ClientTlsOptions& tls = *upstream.tls;
  const std::optional<std::string> host = tls.name.empty() ? common_host(upstream) : tls.name;
  if (!host && tls.verify && tls.uri.empty()) {
    context.diagnostics.error(
        tls.place, tls.path, "the endpoints have no host in common that a certificate could be expected to have",
        "write tls: { name: shop.internal } or tls: { uri: spiffe://prod/shop }, or give them upstreams of their own");
    return nullptr;
  }
  return make_client_tls(tls, host.value_or(""), std::move(protocols), context, now);
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
