// A connection to an upstream whose answer is itself: what raw streams and datagrams have in common.
#pragma once

#include <concepts>
#include <memory>

#include "upstream/one_exchange_session.h"

namespace weir {

/// The answer is there as soon as the connection is: a tunnel, which carries one exchange and no second.
template <std::derived_from<SessionTunnel> Tunnel>
class TunnelSession final : public OneExchangeSession {
 public:
  using OneExchangeSession::OneExchangeSession;

  Reply send(Exchange& exchange, const RequestHead&, Body*, const UpstreamTimeouts&, Lease lease) override {
    begin(std::move(lease));
    exchange.timings.upstream_sent = shard_.reactor.now();
    Answer answer(exchange.arena);
    answer.head.status = 101;
    answer.tunnel = std::make_unique<Tunnel>(*this);
    co_return answer;
  }
};

}  // namespace weir
