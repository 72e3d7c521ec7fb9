// Letting go, relaying, telling.
#include "server/tunnel.h"

#include "base/limits.h"
#include "server/relay.h"

namespace weir {

Task<void> carry_tunnel(Exchange& exchange, Duplex& client, Duplex& upstream, Delivery& delivery) {
  Shard& shard = exchange.shard;
  exchange.release_snapshot();
  shard.metrics.tunnels_open.add();
  // What CONNECT leads to is any protocol of TCP: one side may be done long before the other.
  const Duration half_closed = exchange.request.method == Method::connect ? no_limit : limits::half_closed_tunnel;
  const RelayOutcome outcome =
      co_await relay(shard.reactor, client, upstream,
                     {.idle = exchange.tunnel_idle, .half_closed = half_closed, .age = exchange.tunnel_age});
  shard.metrics.tunnels_open.subtract();
  delivery.request_body_bytes = outcome.bytes_from_client;
  delivery.response_body_bytes = outcome.bytes_to_client;
  delivery.complete = outcome.result.has_value();
  if (!outcome.result) delivery.error = exchange.arena.make<Error>(outcome.result.error());
}

}  // namespace weir
