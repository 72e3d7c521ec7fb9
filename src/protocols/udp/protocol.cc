// The answer to the first datagram is a socket for all of them.
#include "protocols/udp/protocol.h"

#include "net/connect.h"
#include "upstream/one_exchange_session.h"

namespace weir::udp {
namespace {

class ClientSessionUdp final : public OneExchangeSession {
 public:
  using OneExchangeSession::OneExchangeSession;

  Reply send(Exchange& exchange, const RequestHead&, Body*, const UpstreamTimeouts&, Lease lease) override {
    begin(std::move(lease));
    Answer answer(exchange.arena);
    answer.head.status = 101;
    answer.tunnel = std::make_unique<SessionTunnel>(*this);
    co_return answer;
  }
};

class ClientProtocolUdp final : public ClientProtocol {
 public:
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress& address,
                                                       const UpstreamTimeouts&, Watcher* idle_watcher) const override {
    CO_TRY(std::unique_ptr<Stream> stream, co_await open_datagrams(shard.reactor, address));
    co_return std::make_unique<ClientSessionUdp>(shard, std::move(stream), idle_watcher);
  }
};

}  // namespace

const ClientProtocol& client_protocol() {
  static const ClientProtocolUdp protocol;
  return protocol;
}

}  // namespace weir::udp
