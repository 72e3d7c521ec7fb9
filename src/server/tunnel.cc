// Letting go, relaying, telling.
#include "server/tunnel.h"

#include "base/limits.h"
#include "server/relay.h"

namespace weir {
namespace {

/// What CONNECT leads to, and what a raw stream is, is any protocol of TCP: one side may be done long before the other.
RelayLimits limits_of(const Exchange& exchange) {
  const bool of_any_protocol = exchange.connection.raw || exchange.request.method == Method::connect;
  return {.idle = exchange.tunnel_idle,
          .half_closed = of_any_protocol ? no_limit : limits::half_closed_tunnel,
          .age = exchange.tunnel_age};
}

/// Nobody says when a conversation of datagrams is over: that nothing moves any more is its orderly end.
bool has_passed_whole(const Exchange& exchange, const Result<void>& relayed) {
  if (relayed) return true;
  return exchange.connection.raw == RawProtocol::udp && relayed.error().code == Code::tunnel_timeout;
}

}  // namespace

Task<void> carry_tunnel(Exchange& exchange, Duplex& client, Duplex& upstream, Delivery& delivery) {
  Shard& shard = exchange.shard;
  const bool within_http = !exchange.connection.raw;  // others have a count of their own
  exchange.release_snapshot();
  if (within_http) shard.metrics.tunnels_open.add();
  const RelayOutcome outcome = co_await relay(shard.reactor, client, upstream, limits_of(exchange));
  if (within_http) shard.metrics.tunnels_open.subtract();
  delivery.request_body_bytes = outcome.bytes_from_client;
  delivery.response_body_bytes = outcome.bytes_to_client;
  delivery.complete = has_passed_whole(exchange, outcome.result);
  if (delivery.complete) co_return;
  delivery.error = exchange.arena.make<Error>(outcome.result.error());
  if (!outcome.broken) co_return;
  client.cut();
  upstream.cut();
}

}  // namespace weir
