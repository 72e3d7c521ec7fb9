// FastCGI towards an upstream: one connection, one request at a time.
//
// Problem: the same as HTTP/1.1's (protocols/h1/client_session.h): an application may answer before it has read the
// request, die half way, or go on talking behind its end; a connection on which any of this happened must never serve
// another user. FastCGI says more than HTTP: END_REQUEST is the only end, so that a connection that closes without it
// has cut its answer short, whatever the head said.
// Idea: send() writes the variables (and the first piece of content with them), starts a pump for the rest, and reads
// the head. The answer's body and the pump each hold the session; when both have let go, and both ended cleanly, the
// lease goes back healthy; otherwise it is condemned. Closing is also how an application is told that nobody waits any
// more: php-fpm does not read ABORT_REQUEST while a script runs.
//
// Invariants
//   (1) holders_ counts the answer's body and the pump; lease_ is held exactly while holders_ > 0.
//   (2) A session goes back healthy only when: END_REQUEST was read, the upload was finished, nothing lies unread.
#pragma once

#include <memory>
#include <string>

#include "contracts/session.h"
#include "net/inbox.h"
#include "protocols/fastcgi/input_writer.h"
#include "protocols/fastcgi/output_reader.h"

namespace weir::fastcgi {

class ClientSessionFastcgi final : public ClientSession, private Watcher {
 public:
  /// \param idle_watcher  told when something happens on the connection while nobody uses it
  ClientSessionFastcgi(Shard& shard, std::unique_ptr<Stream> stream, Watcher* idle_watcher);

  /// \param head  its cgi_variables are what is sent; method and framing are looked at
  Reply send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
             Lease lease) override;
  [[nodiscard]] bool usable() override { return !gone_ && inbox_.empty() && !stream_->readable(); }
  [[nodiscard]] std::uint64_t exchanges_carried() const override { return exchanges_; }

 private:
  friend class OutputBody;

  Reply converse(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts);
  Task<Result<void>> send_request(Exchange& exchange, const RequestHead& head, Body* body,
                                  const UpstreamTimeouts& timeouts);
  Task<void> pump(Body& body, InputWriter writer, std::string_view front, std::optional<Piece> first);
  void upload_failed(Error error);
  Task<Result<void>> read_head(Exchange& exchange, Method method, ResponseHead& head, const UpstreamTimeouts& timeouts);
  Result<std::span<char>> take_head_text(Exchange& exchange, std::string_view output);
  [[nodiscard]] Error error_without_head() const;
  Task<Result<void>> receive(const UpstreamTimeouts& timeouts);
  Result<Answer> attach_content(Exchange& exchange, Answer answer, const UpstreamTimeouts& timeouts);
  Result<void> pass_over_output();
  void note_application_status(Exchange& exchange) const;
  [[nodiscard]] Error failure_of(Error error) const;
  void let_go(bool clean);
  void on_activity(bool gone) override;

  Shard& shard_;
  std::unique_ptr<Stream> stream_;
  Inbox inbox_;
  OutputReader output_;
  Watcher* idle_watcher_;
  Lease lease_;
  std::string head_text_;  // of a head that did not come in one record
  std::uint64_t exchanges_ = 0;
  unsigned holders_ = 0;
  bool clean_ = true;
  bool gone_ = false;
  bool heard_ = false;  // a byte of the answer has arrived
  bool uploading_ = false;
  bool upload_broken_ = false;
  Error upload_error_{};    // what ended the upload early
  Time upload_progress_{};  // when the upload last moved
};

}  // namespace weir::fastcgi
