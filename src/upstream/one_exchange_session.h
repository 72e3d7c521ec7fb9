// A connection to an upstream that carries one exchange at a time: what HTTP/1.1 and FastCGI have in common.
//
// Problem: an upstream may answer before it has read the request, close between two requests, or talk on behind the end
// of its answer; a connection on which any of this happened must never serve another user.
// Idea: a protocol's send() writes the head (and the first piece of content with it), leaves the rest of the upload to
// a pump that runs beside it, and reads the head of the answer. The answer's body (or tunnel) and the pump each hold
// the session; when both have let go, and both ended cleanly, the lease goes back healthy; otherwise it is condemned.
//
// Invariants
//   (1) holders_ counts the answer's body (or tunnel) and the pump; lease_ is held exactly while holders_ > 0.
//   (2) A session goes back healthy only when: the answer ended as its protocol says, the upload was finished, nobody
//       condemned it, the upstream keeps the connection, and nothing unexpected lies unread.
#pragma once

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>

#include "base/fault.h"
#include "contracts/session.h"
#include "net/connect.h"
#include "net/inbox.h"
#include "upstream/introduction.h"
#include "upstream/stream_duplex.h"

namespace weir {

/// How a protocol puts a request on the wire. What the two sends return can be awaited for a Result<void>.
template <typename Writer>
concept RequestSender = requires(Writer writer, std::string_view head, const Piece& piece) {
  writer.send_head(head);
  writer.send(head, piece);
  /// Bytes of content that were promised and not yet sent; nothing when no number was.
  { writer.promised() } -> std::same_as<std::optional<ByteCount>>;
};

class OneExchangeSession : public ClientSession, private Watcher {
 public:
  /// \param idle_watcher  told when something happens on the connection while nobody uses it
  OneExchangeSession(Shard& shard, std::unique_ptr<Stream> stream, Watcher* idle_watcher)
      : shard_(shard), stream_(std::move(stream)), inbox_(*stream_), idle_watcher_(idle_watcher) {
    stream_->watch(this);
  }

  [[nodiscard]] bool usable() final {
    return !gone_ && (fault(Fault::reuse_unread_bytes) || (inbox_.empty() && !stream_->readable()));
  }
  [[nodiscard]] std::uint64_t exchanges_carried() const final { return exchanges_; }
  void give_up(const Error& why) final;

 protected:
  /// Another exchange; the caller is the holder who becomes its answer's body.
  void begin(Lease lease);
  /// Sends `head` with the first piece of the body when that is all and it is there; whatever else is the pump's.
  template <RequestSender Writer>
  Task<Result<void>> send_with_body(Exchange& exchange, Writer writer, std::string_view head, Body& body);
  void upload_failed(Error error);

  /// The clock for the first byte starts when the request is sent and pauses while an upload moves.
  [[nodiscard]] Duration first_byte_left(const UpstreamTimeouts& timeouts) const {
    const Time deadline = deadline_after(upload_progress_, timeouts.first_byte);
    return time_left(shard_.reactor.now(), deadline);
  }
  /// Whether to go on with the head: bytes came, or only the clock of an upload that has moved since ran out.
  /// \param within_head  a part of it was read
  Result<void> judge_received(const Result<std::size_t>& received, bool within_head, const UpstreamTimeouts& timeouts);

  /// Why the answer is not to be read any further; nothing while it is.
  [[nodiscard]] const std::optional<Error>& given_up() const { return given_up_; }
  /// What may be tried again after `error`.
  [[nodiscard]] Error failure_of(Error error) const;
  /// The connection carries nothing after this exchange.
  void condemn() { clean_ = false; }
  /// Each holder's last word. \param clean  it has read, or sent, all that was its own; may destroy this session
  void let_go(bool clean);
  /// let_go() of the answer's body. \param ended  it was read to its end
  void let_go_of_answer(bool ended) {
    if (fault(Fault::lease_leaked) && !ended) return;
    let_go(ended);
  }

  Shard& shard_;
  std::unique_ptr<Stream> stream_;
  Inbox inbox_;
  std::optional<Error> upload_error_;  // what ended the upload early

 private:
  friend class SessionTunnel;

  template <RequestSender Writer>
  Task<void> pump(Body& body, Writer writer, std::string_view head, std::optional<Piece> first);
  static Result<void> check_promise(std::optional<ByteCount> promised, const Piece& piece);
  void on_activity(bool gone) final;

  // A piece that every socket takes at once when it is idle (Linux gives a new one at least 16 KiB to send from).
  static constexpr std::size_t sent_at_once_bytes = 16 * 1024;

  Watcher* idle_watcher_;
  Lease lease_;
  std::optional<Error> given_up_;
  std::uint64_t exchanges_ = 0;
  unsigned holders_ = 0;
  bool clean_ = true;
  bool gone_ = false;
  bool heard_ = false;  // a byte of the answer has arrived
  bool uploading_ = false;
  Time upload_progress_{};  // when the upload last moved
};

template <RequestSender Writer>
Task<Result<void>> OneExchangeSession::send_with_body(Exchange& exchange, Writer writer, std::string_view head,
                                                      Body& body) {
  // The first pull of the body would answer an expectation that is the upstream's to answer.
  auto first = exchange.expectation_forwarded ? std::optional<Result<Piece>>{} : body.try_read();
  if (first) {
    if (!*first) co_return fail(first->error());
    CO_TRY_VOID(check_promise(writer.promised(), **first));
  }
  if (first && (*first)->end && (*first)->bytes.size() <= sent_at_once_bytes) {
    const Result<void> sent = co_await writer.send(head, **first);
    if (!sent) upload_failed(sent.error());
    co_return Result<void>{};
  }
  // Whatever may take long is the pump's: an upstream that answers at length before it reads would wait for us.
  uploading_ = true;
  ++holders_;
  exchange.scope.spawn(pump(body, writer, head, first ? std::optional<Piece>(**first) : std::optional<Piece>()));
  co_return Result<void>{};
}

// Carries the head and the upload while the answer is awaited, or already flows.
template <RequestSender Writer>
Task<void> OneExchangeSession::pump(Body& body, Writer writer, std::string_view head, std::optional<Piece> first) {
  Result<Piece> piece = first.value_or(Piece{});
  Result<void> sent;
  if (first) {
    sent = co_await writer.send(head, *first);
  } else {
    sent = co_await writer.send_head(head);
  }
  while (sent && !piece->end) {
    upload_progress_ = shard_.reactor.now();
    piece = co_await body.read();
    sent = piece ? check_promise(writer.promised(), *piece) : fail(piece.error());
    if (!sent) break;
    upload_progress_ = shard_.reactor.now();
    sent = co_await writer.send({}, *piece);
  }
  upload_progress_ = shard_.reactor.now();
  uploading_ = false;
  if (!sent) upload_failed(sent.error());
  let_go(sent.has_value());
}

/// What a session's connection is to the relay once it carries a tunnel. Holds the session, which is of no use to
/// anybody afterwards, as long as it lives.
class SessionTunnel : public StreamDuplex {
 public:
  explicit SessionTunnel(OneExchangeSession& session)
      : StreamDuplex(*session.stream_, session.inbox_), session_(session) {
    session_.condemn();
  }
  ~SessionTunnel() override { session_.let_go(false); }

  Task<Result<std::string_view>> receive(Duration timeout) override {
    if (session_.given_up()) co_return fail(*session_.given_up());
    co_return co_await StreamDuplex::receive(timeout);
  }

 protected:
  [[nodiscard]] Shard& shard() const { return session_.shard_; }

 private:
  OneExchangeSession& session_;
};

/// A protocol in which a connection that stands is a session: nobody greets anybody.
template <std::derived_from<OneExchangeSession> Session>
class OneExchangeProtocol final : public IntroducingProtocol {
 public:
  Task<Result<std::unique_ptr<ClientSession>>> introduce(Shard& shard, const UpstreamAddress& address,
                                                         const UpstreamTimeouts& timeouts, Watcher* idle_watcher,
                                                         std::string_view introduction) const override {
    CO_TRY(std::unique_ptr<Stream> stream,
           co_await connect_and_say(shard.reactor, address, timeouts.connect, introduction));
    co_return std::make_unique<Session>(shard, std::move(stream), idle_watcher);
  }
};

}  // namespace weir
