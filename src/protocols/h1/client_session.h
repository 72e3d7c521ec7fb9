// HTTP/1.1 towards an upstream: what upstream/one_exchange_session.h leaves to a protocol.
//
// An answer says itself where it ends; one that says nothing ends with its connection, and is then as whole as the
// connection was.
#pragma once

#include "protocols/h1/body_reader.h"
#include "protocols/h1/body_writer.h"
#include "upstream/one_exchange_session.h"

namespace weir::h1 {

class ClientSessionH1 final : public OneExchangeSession {
 public:
  using OneExchangeSession::OneExchangeSession;

  Reply send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
             Lease lease) override;

 private:
  friend class ResponseBody;

  /// How far the head of the answer has come: a part of it, an interim one and nothing behind it yet, or all.
  enum class Heard : std::uint8_t { part, interim, last };

  Result<Heard> hear_head(Exchange& exchange, const RequestHead& request, ResponseHead& head);
  Result<void> take_received(const Result<std::span<char>>& bytes, const UpstreamTimeouts& timeouts);
  Task<Result<void>> read_head(Exchange& exchange, const RequestHead& request, ResponseHead& head,
                               const UpstreamTimeouts& timeouts, Heard heard);
  Result<void> attach_content(Exchange& exchange, Answer& answer, const UpstreamTimeouts& timeouts);
};

}  // namespace weir::h1
