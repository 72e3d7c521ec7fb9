// Opens tunnels to destinations of a list: CONNECT (RFC 9110 section 9.3.6, RFC 9113 section 8.5).
//
//   - listeners: [forward]
//     connect: { allow: ["*.example.com:443", "git.partner.test:22"] }
//
// The answer is the tunnel itself, over HTTP/1.1 the whole connection, over HTTP/2 one stream; the session relays.
// Everything else than CONNECT is 405 here, and CONNECT is 405 at every other service.
#pragma once

#include "contracts/plugin.h"
#include "net/stream.h"
#include "services/connect/destination.h"

namespace weir {

class Connect final : public Service {
 public:
  Connect(DestinationRules rules, Duration timeout) : rules_(std::move(rules)), timeout_(timeout) {}

  Reply handle(Exchange& exchange) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  /// Looks up where it is, and connects. \errors  destination_refused; those of Resolver::resolve() and connect_first()
  Task<Result<std::unique_ptr<Stream>>> reach(Exchange& exchange, const Endpoint& destination) const;
  [[nodiscard]] bool may_lead_to(Exchange& exchange, const IpAddress& address, std::uint16_t port) const;

  DestinationRules rules_;
  Duration timeout_;
};

const ServiceKind& connect_service();

}  // namespace weir
