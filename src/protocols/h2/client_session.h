// HTTP/2 towards an upstream, as the pool sees it: a place for one exchange on a connection that many share.
//
// Idea: a pool leases sessions that carry one exchange at a time. Of HTTP/2 such a session is a slot: it has a
// connection but no socket. Opening one costs nothing while a connection to that address has room; `connections.max` of
// the upstream bounds the exchanges of a core, whatever carries them.
//
// Invariants
//   (1) holders_ counts the answer's body and the upload, as in upstream/one_exchange_session.h; the lease goes back
//   when
//       both have let go. An exchange that did not end in order, or is given up, ends its stream, not
//       its connection.
#pragma once

#include <memory>

#include "protocols/h2/client_connection.h"
#include "protocols/h2/client_stream.h"

namespace weir::h2 {

class ClientSessionH2 final : public ClientSession {
 public:
  ClientSessionH2(Shard& shard, std::shared_ptr<ClientConnection> connection)
      : shard_(shard), connection_(std::move(connection)) {
    connection_->take_slot();
  }
  ~ClientSessionH2() override { connection_->leave_slot(); }

  Reply send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
             Lease lease) override;
  [[nodiscard]] bool usable() override { return connection_->usable(); }
  void give_up(const Error& why) override;
  [[nodiscard]] std::uint64_t exchanges_carried() const override { return exchanges_; }

 private:
  friend class ResponseBodyH2;

  Task<Result<ResponseHead*>> hear_head(Exchange& exchange, const UpstreamTimeouts& timeouts);
  Task<void> upload(Exchange& exchange, Body& body, Framing framing, Duration stall);
  Task<Result<void>> move_content(Exchange& exchange, Body& body, Framing framing, Duration stall);
  [[nodiscard]] Error failure_of(Error error) const;
  void let_go();

  Shard& shard_;
  std::shared_ptr<ClientConnection> connection_;
  std::unique_ptr<ClientStream> stream_;
  Lease lease_;
  std::optional<Error> upload_error_;
  std::optional<Error> given_up_;
  Time upload_progress_{};
  std::uint64_t exchanges_ = 0;
  unsigned holders_ = 0;
  bool uploading_ = false;
};

}  // namespace weir::h2
