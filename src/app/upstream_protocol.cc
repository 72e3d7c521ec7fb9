// The one place that knows all protocols of upstreams.
#include "app/upstream_protocol.h"

#include <fmt/format.h>

#include "app/tls/upstream_tls.h"
#include "protocols/fastcgi/protocol.h"
#include "protocols/h1/protocol.h"
#include "protocols/h2/protocol.h"
#include "protocols/tcp/protocol.h"
#include "protocols/udp/protocol.h"
#include "upstream/introduction.h"
#include "upstream/negotiated_protocol.h"

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
    case UpstreamProtocol::tcp:
      return tcp::client_protocol();
    case UpstreamProtocol::udp:
      return udp::client_protocol();
  }
  return h1::client_protocol();
}

/// What needs requests where there are none.
bool lacks_http_options(const config::UpstreamDocument& upstream, BuildContext& context) {
  if (!upstream.raw()) return true;
  const auto refuse = [&](std::string_view option, std::string_view why) {
    context.diagnostics.error(upstream.place, fmt::format("upstreams.{}.{}", upstream.name, option), std::string(why),
                              "take it out: raw streams have no requests");
    return false;
  };
  bool good = true;
  if (upstream.sticky)
    good = refuse("sticky",
                  "raw streams have no cookies; balance: { maglev: { key: client_address } } "
                  "brings a client back");
  if (upstream.hedge.on()) good = refuse("hedge", "a raw stream cannot be sent to two servers") && good;
  if (!upstream.deadline_field.empty()) good = refuse("deadline_field", "raw streams have no fields") && good;
  if (!upstream.retries.statuses.empty()) good = refuse("retries.statuses", "raw streams have no statuses") && good;
  return good;
}

}  // namespace

bool choose_protocol(const config::UpstreamDocument& upstream, BuildContext& context, WallTime now,
                     ClusterSettings& settings) {
  if (!lacks_http_options(upstream, context)) return false;
  settings.speaks = upstream.protocol;
  settings.protocol = &protocol_of(upstream.protocol);
  const bool by_offer = upstream.written_protocol == config::WrittenProtocol::by_offer;
  const bool speaks_h2 = upstream.written_protocol == config::WrittenProtocol::h2 || by_offer;
  if (!upstream.tls && speaks_h2) {
    context.diagnostics.error(upstream.place, fmt::format("upstreams.{}.protocol", upstream.name),
                              "HTTP/2 is agreed on over TLS", "add tls: on; HTTP/2 without TLS is protocol: h2c");
    return false;
  }
  if (!upstream.tls) return true;
  if (upstream.protocol == UpstreamProtocol::h2c) {
    context.diagnostics.error(upstream.tls->place, upstream.tls->path, "h2c is HTTP/2 without TLS",
                              "write protocol: h2, or leave tls out");
    return false;
  }
  if (upstream.protocol == UpstreamProtocol::fastcgi) {
    context.diagnostics.error(upstream.tls->place, upstream.tls->path, "FastCGI knows no TLS",
                              "leave tls out: a FastCGI application stands on this machine or behind a tunnel");
    return false;
  }
  if (upstream.protocol == UpstreamProtocol::udp) {
    context.diagnostics.error(upstream.tls->place, upstream.tls->path, "datagrams carry no TLS", "leave tls out");
    return false;
  }
  if (upstream.raw()) {
    settings.health.checks.tls = make_upstream_tls(upstream, {}, context, now);
    if (settings.health.checks.tls == nullptr) return false;
    settings.owned_protocol = tcp::secured_client_protocol(settings.health.checks.tls, context.cores);
    settings.protocol = settings.owned_protocol.get();
    return true;
  }
  std::vector<std::string> offered;
  if (speaks_h2) offered.emplace_back("h2");
  if (!speaks_h2 || by_offer) offered.emplace_back("http/1.1");
  const auto secured = make_upstream_tls(upstream, offered, context, now);
  if (secured == nullptr) return false;
  if (speaks_h2) {
    const NegotiableSessions sessions{.http1 = h1::session_on, .http2 = h2::shared_sessions};
    std::shared_ptr<const ClientProtocol> http1_alone;
    if (by_offer) http1_alone = h1::secured_client_protocol(offering(*secured, {"http/1.1"}), context.cores);
    settings.owned_protocol =
        std::make_shared<const NegotiatedProtocol>(secured, std::move(http1_alone), sessions, context.cores);
  } else {
    settings.owned_protocol = h1::secured_client_protocol(secured, context.cores);
  }
  settings.protocol = settings.owned_protocol.get();
  // Checks have their say in HTTP/1.1, or in no HTTP at all; gRPC's in HTTP/2.
  const bool grpc = upstream.health.check.name == "grpc";
  settings.health.checks.tls = grpc        ? offering(*secured, {"h2"})
                               : speaks_h2 ? offering(*secured, {"http/1.1"})
                                           : secured;
  return true;
}

bool choose_introduction(const config::UpstreamDocument& upstream, BuildContext& context, ClusterSettings& settings) {
  using config::SentIntroduction;
  if (upstream.introduction == SentIntroduction::none) return true;
  settings.introducing = dynamic_cast<const IntroducingProtocol*>(settings.protocol);
  const bool fastcgi = upstream.protocol == UpstreamProtocol::fastcgi;
  if (upstream.protocol == UpstreamProtocol::udp) {
    context.diagnostics.error(upstream.introduction_place, fmt::format("upstreams.{}.proxy_protocol", upstream.name),
                              "datagrams begin with no PROXY header", "take it out");
    return false;
  }
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

bool may_be_asked(const config::UpstreamDocument& upstream, BuildContext& context, const ClusterSettings& settings) {
  const ReportRule* rule = settings.balancer->reports();
  if (rule == nullptr || rule->probes.path.empty()) return true;
  const bool fastcgi = upstream.protocol == UpstreamProtocol::fastcgi;
  const bool no_http = fastcgi || upstream.raw();
  if (!no_http && !settings.introduction) return true;
  context.diagnostics.error(upstream.balance.place, upstream.balance.path + ".probe",
                            fastcgi   ? "a FastCGI application has no page that could be asked"
                            : no_http ? "raw streams have no page that could be asked"
                                      : "questions for their load are nobody's requests, and would need a PROXY header",
                            "take it out: load is still read from answers");
  return false;
}

}  // namespace weir
