// HTTP/1.1 towards an upstream: one connection, one exchange at a time.
//
// Problem: an upstream may answer before it has read the request, close between two requests, or lie about where its
// answer ends; a connection on which any of this happened must never serve another user.
// Idea: send() writes the head (and the first piece with it), starts a pump for the rest of the upload, and reads the
// head of the answer. The answer's body and the pump each hold the session; when both have let go, and both ended
// cleanly, the lease goes back healthy; otherwise it is condemned.
//
// Invariants
//   (1) holders_ counts the answer's body (or tunnel) and the pump; lease_ is held exactly while holders_ > 0.
//   (2) A session goes back healthy only when: the answer ended where it said, the upload was finished, the upstream
//       keeps the connection, and nothing unexpected lies unread.
#pragma once

#include <memory>

#include "base/fault.h"
#include "contracts/session.h"
#include "net/inbox.h"
#include "protocols/h1/body_reader.h"
#include "protocols/h1/body_writer.h"

namespace weir::h1 {

class ClientSessionH1 final : public ClientSession, private Watcher {
 public:
  /// \param idle_watcher  told when something happens on the connection while nobody uses it
  ClientSessionH1(Shard& shard, std::unique_ptr<Stream> stream, Watcher* idle_watcher);

  Reply send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
             Lease lease) override;
  [[nodiscard]] bool usable() override {
    return !gone_ && (fault(Fault::reuse_unread_bytes) || (inbox_.empty() && !stream_->readable()));
  }
  [[nodiscard]] std::uint64_t exchanges_carried() const override { return exchanges_; }

 private:
  friend class ResponseBody;
  friend class UpstreamTunnel;

  void begin(Lease lease);
  Task<Result<void>> send_with_body(Exchange& exchange, BodyWriter writer, std::string_view head, Body& body);
  Task<void> pump(Body& body, BodyWriter writer, std::string_view head, std::optional<Piece> first);
  void upload_failed(Error error);
  Task<Result<void>> read_head(Exchange& exchange, const RequestHead& request, ResponseHead& head,
                               const UpstreamTimeouts& timeouts);
  [[nodiscard]] Duration first_byte_left(const UpstreamTimeouts& timeouts) const;
  Result<void> judge_received(const Result<std::size_t>& received, const UpstreamTimeouts& timeouts);
  Result<void> attach_content(Exchange& exchange, Answer& answer, const UpstreamTimeouts& timeouts);
  [[nodiscard]] Error failure_of(Error error) const;
  void let_go(bool clean);
  void on_activity(bool gone) override;

  Shard& shard_;
  std::unique_ptr<Stream> stream_;
  Inbox inbox_;
  Watcher* idle_watcher_;
  Lease lease_;
  std::uint64_t exchanges_ = 0;
  unsigned holders_ = 0;
  bool clean_ = true;
  bool gone_ = false;
  bool keep_alive_ = true;
  bool heard_ = false;  // a byte of the answer has arrived
  bool uploading_ = false;
  Error upload_error_{};  // what ended the upload early
  bool upload_broken_ = false;
  Time upload_progress_{};  // when the upload last moved
};

}  // namespace weir::h1
