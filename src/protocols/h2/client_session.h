// HTTP/2 towards an upstream, as the pool sees it: a place for one exchange on a connection that many share.
//
// Idea: a pool leases sessions that carry one exchange at a time. Of HTTP/2 such a session is a slot: it has a
// connection but no socket. Opening one costs nothing while a connection to that address has room; `connections.max` of
// the upstream bounds the exchanges of a core, whatever carries them. A tunnel is a stream, too, where the upstream
// says that it takes them (RFC 8441); where it does not, the tunnel takes a detour over a connection of its own, if
// there is one.
//
// Invariants
//   (1) holders_ counts the answer's body (or tunnel) and the upload, as in upstream/one_exchange_session.h; the lease
//       goes back when both have let go. An exchange that did not end in order, or is given up, ends its stream, not
//       its connection.
//   (2) A session that took a detour carries nothing afterwards. Its slot is free for others at once; only where nobody
//       else has one it is kept, so that who comes next need not open a connection to hear the same.
#pragma once

#include <memory>

#include "protocols/h2/client_connection.h"
#include "protocols/h2/client_stream.h"
#include "upstream/negotiated_protocol.h"

namespace weir::h2 {

class ClientSessionH2 final : public ClientSession, private LeaseOwner {
 public:
  /// \param detour  for tunnels that the upstream does not take; null: there is none
  ClientSessionH2(Shard& shard, std::shared_ptr<ClientConnection> connection,
                  std::shared_ptr<const ClientProtocol> detour = nullptr)
      : shard_(shard), connection_(std::move(connection)), detour_(std::move(detour)) {
    connection_->take_slot();
  }
  ~ClientSessionH2() override {
    if (connection_ != nullptr) connection_->leave_slot();
  }

  Reply send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
             Lease lease) override;
  [[nodiscard]] bool usable() override { return connection_ != nullptr && connection_->usable(); }
  void give_up(const Error& why) override;
  [[nodiscard]] std::uint64_t exchanges_carried() const override { return exchanges_; }

 private:
  friend class ResponseBodyH2;
  friend class UpstreamTunnelH2;

  Reply ask(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts, Lease lease);
  Answer answer_of(Exchange& exchange, const ResponseHead& head, const UpstreamTimeouts& timeouts);
  Reply ask_for_tunnel(Exchange& exchange, const RequestHead& head, const UpstreamTimeouts& timeouts, Lease lease);
  Task<Result<bool>> find_way_for_tunnel(const UpstreamTimeouts& timeouts);
  Task<Result<bool>> hear_whether_tunnels_pass(const UpstreamTimeouts& timeouts);
  Answer tunnel_of(Exchange& exchange, const ResponseHead& head, const RequestHead& asked);
  void give_back(ClientSession& session, bool healthy) override;
  Task<Result<ResponseHead*>> hear_head(Exchange& exchange, const UpstreamTimeouts& timeouts);
  Task<void> upload(Exchange& exchange, Body& body, Framing framing, Duration stall);
  Task<Result<void>> move_content(Exchange& exchange, Body& body, Framing framing, Duration stall);
  [[nodiscard]] Error failure_of(Error error) const;
  void let_go();

  Shard& shard_;
  std::shared_ptr<ClientConnection> connection_;  // null once its slot was left
  std::shared_ptr<const ClientProtocol> detour_;
  std::unique_ptr<ClientSession> elsewhere_;  // that the detour led to
  Cancellation* finding_way_ = nullptr;       // while it is not known where a tunnel goes
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
