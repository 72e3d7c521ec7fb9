// The content of a request on a stream, as services pull it.
//
// As in HTTP/1, the first pull answers Expect: 100-continue, unless the upstream is to answer it, and a client that
// sends a byte now and then does not hold an exchange for ever.
#pragma once

#include "contracts/exchange.h"
#include "protocols/h2/channel.h"
#include "server/arrival_rate.h"

namespace weir::h2 {

class RequestBody final : public Body {
 public:
  /// \param continue_owed  the stream's: the client waits for 100 before it sends; cleared once it has begun
  RequestBody(Channel& channel, Exchange& exchange, bool& continue_owed);

  /// \errors  client_body_timeout, body_too_large, body_cut_short, peer_reset ...; all origin client
  Task<Result<Piece>> read() override;
  std::optional<Result<Piece>> try_read() override;
  [[nodiscard]] std::optional<ByteCount> remaining() const override;

 private:
  Channel& channel_;
  Exchange& exchange_;
  bool& continue_owed_;
  const Timeouts& timeouts_;
  ByteCount body_bytes_max_;
  ByteCount bytes_read_ = 0;
  ArrivalRate rate_;
};

}  // namespace weir::h2
