// The answer to the first datagram is a socket for all of them.
#include "protocols/udp/protocol.h"

#include "net/connect.h"
#include "upstream/tunnel_session.h"

namespace weir::udp {
namespace {

/// An empty datagram is no end, as an empty receive is elsewhere: nobody wants it.
class DatagramTunnel final : public SessionTunnel {
 public:
  using SessionTunnel::SessionTunnel;

  Task<Result<std::string_view>> receive(Duration timeout) override {
    while (true) {
      CO_TRY(const std::string_view datagram, co_await SessionTunnel::receive(timeout));
      if (!datagram.empty()) co_return datagram;
      shard().metrics.raw.datagrams_dropped.add();
      co_await Yield(shard().reactor);  // a server that floods with them must not keep others from their turn
    }
  }
};

class ClientProtocolUdp final : public ClientProtocol {
 public:
  Task<Result<std::unique_ptr<ClientSession>>> connect(Shard& shard, const UpstreamAddress& address,
                                                       const UpstreamTimeouts&, Watcher* idle_watcher) const override {
    CO_TRY(std::unique_ptr<Stream> stream, co_await open_datagrams(shard.reactor, address));
    co_return std::make_unique<TunnelSession<DatagramTunnel>>(shard, std::move(stream), idle_watcher);
  }
};

}  // namespace

const ClientProtocol& client_protocol() {
  static const ClientProtocolUdp protocol;
  return protocol;
}

}  // namespace weir::udp
