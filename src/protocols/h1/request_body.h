// The content of a request, as services pull it.
//
// Problem: a client that asked whether to send at all must be answered before it is waited for, and one that sends a
// byte now and then must not hold an exchange for ever.
// Idea: the first pull answers Expect: 100-continue, unless the upstream is to answer it; server/arrival_rate.h judges
// how the content comes.
#pragma once

#include "contracts/exchange.h"
#include "protocols/h1/body_reader.h"
#include "server/arrival_rate.h"

namespace weir::h1 {

class RequestBody final : public Body {
 public:
  /// \param continue_owed  the session's: the client waits for 100 before it sends; cleared once it has begun
  RequestBody(Inbox& inbox, Exchange& exchange, bool& continue_owed);

  /// \errors  client_body_timeout (nothing came for too long, or too little came), body_too_large, body_cut_short, and
  ///          those of the chunked coding; all origin client
  Task<Result<Piece>> read() override;
  std::optional<Result<Piece>> try_read() override;
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return reader_.remaining(); }

  [[nodiscard]] bool ended() const { return reader_.ended(); }
  /// Nothing that follows can be trusted to be a request.
  [[nodiscard]] bool failed() const { return reader_.failed() || refused_; }
  [[nodiscard]] ByteCount bytes_read() const { return reader_.bytes_read(); }

 private:
  Result<Piece> measured(Result<Piece> piece);
  Result<Piece> refuse(Error error);

  Exchange& exchange_;
  bool& continue_owed_;
  const Timeouts& timeouts_;
  ByteCount body_bytes_max_;
  ArrivalRate rate_;
  bool refused_ = false;
  BodyReader reader_;
};

}  // namespace weir::h1
