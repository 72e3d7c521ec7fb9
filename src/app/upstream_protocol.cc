// The one place that knows all protocols of upstreams.
#include "app/upstream_protocol.h"

#include <fmt/format.h>

#include "app/tls/upstream_tls.h"
#include "protocols/fastcgi/protocol.h"
#include "protocols/h1/protocol.h"
#include "protocols/h2/protocol.h"
#include "upstream/introduction.h"

namespace weir {
namespace {

const ClientProtocol& protocol_of(UpstreamProtocol speaks) {
  switch (speaks) {
    case UpstreamProtocol::http:
      break;
    case UpstreamProtocol::fastcgi:
      return fastcgi::client_protocol();
    case UpstreamProtocol::h2c:
      return h2::client_protocol();
  }
  return h1::client_protocol();
}

}  // namespace

bool choose_protocol(const config::UpstreamDocument& upstream, BuildContext& context, WallTime now,
                     ClusterSettings& settings) {
  settings.speaks = upstream.protocol;
  settings.protocol = &protocol_of(upstream.protocol);
  if (!upstream.tls) return true;
  if (upstream.protocol == UpstreamProtocol::h2c) {
    context.diagnostics.error(upstream.tls->place, upstream.tls->path, "h2c is HTTP/2 without TLS",
                              "leave tls out; HTTP/2 over TLS to upstreams is not in this version");
    return false;
  }
  if (upstream.protocol == UpstreamProtocol::fastcgi) {
    context.diagnostics.error(upstream.tls->place, upstream.tls->path, "FastCGI knows no TLS",
                              "leave tls out: a FastCGI application stands on this machine or behind a tunnel");
    return false;
  }
  const auto secured = make_upstream_tls(upstream, context, now);
  if (secured == nullptr) return false;
  settings.owned_protocol = h1::secured_client_protocol(secured, context.cores);
  settings.protocol = settings.owned_protocol.get();
  settings.health.checks.tls = secured;
  return true;
}

bool choose_introduction(const config::UpstreamDocument& upstream, BuildContext& context, ClusterSettings& settings) {
  using config::SentIntroduction;
  if (upstream.introduction == SentIntroduction::none) return true;
  settings.introducing = dynamic_cast<const IntroducingProtocol*>(settings.protocol);
  const bool fastcgi = upstream.protocol == UpstreamProtocol::fastcgi;
  if (settings.introducing == nullptr || fastcgi) {
    context.diagnostics.error(upstream.introduction_place, fmt::format("upstreams.{}.proxy_protocol", upstream.name),
                              fastcgi
                                  ? "FastCGI knows no PROXY header"
                                  : "a connection of HTTP/2 carries requests of many clients, and can name one only",
                              fastcgi ? "take it out: REMOTE_ADDR is the client"
                                      : "take it out: X-Forwarded-For names the client of each request");
    return false;
  }
  settings.introduction =
      upstream.introduction == SentIntroduction::v1 ? proxy_protocol::Version::v1 : proxy_protocol::Version::v2;
  // What answers checks at a port of its own is as a rule no part of what answers requests (HAProxy: the same).
  if (upstream.health.port == 0) settings.health.checks.introduction = settings.introduction;
  return true;
}

}  // namespace weir
