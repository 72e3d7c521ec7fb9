// The conversation with an upstream, in the order in which it happens.
#include "protocols/h1/client_session.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "protocols/h1/head_parser.h"
#include "protocols/h1/head_writer.h"
#include "protocols/h1/stream_duplex.h"

namespace weir::h1 {
namespace {

// A piece that every socket takes at once when it is idle (Linux gives a new one at least 16 KiB to send from).
constexpr std::size_t sent_at_once_bytes = 16 * 1024;

}  // namespace

/// The content of an answer. Lets the session go when it ended, or when it is dropped.
class ResponseBody final : public Body {
 public:
  ResponseBody(ClientSessionH1& session, Inbox& inbox, Framing framing, Exchange& exchange, Duration idle)
      : session_(&session),
        reader_(inbox, framing, exchange.snapshot->limits, Origin::upstream, Code::upstream_idle_timeout,
                exchange.arena),
        idle_(idle),
        ends_with_connection_(framing.kind == Framing::Kind::until_close) {}
  ~ResponseBody() override { leave(); }

  Task<Result<Piece>> read() override {
    if (auto ready = try_read()) co_return *ready;
    const Result<Piece> piece = co_await reader_.next(idle_);
    // The reset that broke the upload may have been reported there: the end that is read afterwards is no end.
    const bool doubtful = ends_with_connection_ && session_ != nullptr && session_->upload_broken_;
    if (piece && piece->end && doubtful) co_return fail(session_->upload_error_);
    co_return piece;
  }
  std::optional<Result<Piece>> try_read() override { return reader_.try_next(); }
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return reader_.remaining(); }

 private:
  void leave() {
    ClientSessionH1* session = std::exchange(session_, nullptr);
    if (fault(Fault::lease_leaked) && !reader_.ended()) return;
    if (session != nullptr) session->let_go(reader_.ended());
  }

  ClientSessionH1* session_;
  BodyReader reader_;
  Duration idle_;
  bool ends_with_connection_;
};

/// What an upgraded connection is to the relay. Holds the session (never healthy again) as long as it lives.
class UpstreamTunnel final : public StreamDuplex {
 public:
  explicit UpstreamTunnel(ClientSessionH1& session)
      : StreamDuplex(*session.stream_, session.inbox_), session_(session) {}
  ~UpstreamTunnel() override { session_.let_go(false); }

 private:
  ClientSessionH1& session_;
};

ClientSessionH1::ClientSessionH1(Shard& shard, std::unique_ptr<Stream> stream, Watcher* idle_watcher)
    : shard_(shard), stream_(std::move(stream)), inbox_(*stream_), idle_watcher_(idle_watcher) {
  stream_->watch(this);
}

Reply ClientSessionH1::send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
                            Lease lease) {
  begin(std::move(lease));
  Answer answer(exchange.arena);
  Result<void> outcome;
  HeadBuffer out(shard_.compose_buffer().first(limits::composed_head_bytes));
  write_request_head(out, head);
  BodyWriter writer(*stream_, shard_.compose_buffer(), head.framing, timeouts.idle);
  if (out.overflowed()) {
    outcome = fail(gateway_error(Code::head_too_large, "the request head grew beyond the compose buffer"));
  } else if (body != nullptr && head.framing.kind != Framing::Kind::none) {
    outcome = co_await send_with_body(exchange, writer, out.written(), *body);
  } else if (const Result<void> sent = co_await writer.send_head(out.written()); !sent) {
    upload_failed(sent.error());  // the upstream may have answered and closed: that is read before anything fails
  }
  if (outcome) {
    exchange.timings.upstream_sent = shard_.reactor.now();
    outcome = co_await read_head(exchange, head, answer.head, timeouts);
  }
  if (outcome) {
    exchange.timings.response_head = shard_.reactor.now();
    outcome = attach_content(exchange, answer, timeouts);
  }
  if (outcome) co_return answer;
  const Error error = failure_of(outcome.error());
  let_go(false);
  co_return fail(error);
}

void ClientSessionH1::begin(Lease lease) {
  invariant(holders_ == 0, "a leased session has no exchange in progress");
  lease_ = std::move(lease);
  holders_ = 1;
  clean_ = true;
  keep_alive_ = true;
  heard_ = false;
  upload_broken_ = false;
  uploading_ = false;
  upload_progress_ = shard_.reactor.now();
  ++exchanges_;
}

// The head with the first piece of the body when that is all and it is there; whatever else is the pump's.
Task<Result<void>> ClientSessionH1::send_with_body(Exchange& exchange, BodyWriter writer, std::string_view head,
                                                   Body& body) {
  // The first pull of the body would answer an expectation that is the upstream's to answer.
  auto first = exchange.expectation_forwarded ? std::optional<Result<Piece>>{} : body.try_read();
  if (first && !*first) co_return fail(first->error());
  if (first && writer.exceeds(**first)) co_return fail(client_error(Code::bad_length));
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
Task<void> ClientSessionH1::pump(Body& body, BodyWriter writer, std::string_view head, std::optional<Piece> first) {
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
    if (!piece || writer.exceeds(*piece)) break;
    upload_progress_ = shard_.reactor.now();
    sent = co_await writer.send({}, *piece);
  }
  upload_progress_ = shard_.reactor.now();
  if (!sent) piece = fail(sent.error());
  uploading_ = false;
  if (piece && (!piece->end || !writer.finished())) piece = fail(client_error(Code::body_cut_short));
  if (!piece) upload_failed(piece.error());
  let_go(piece.has_value());
}

// A broken connection to the upstream may still hold its answer; a broken client or a refused body ends the exchange
// now.
void ClientSessionH1::upload_failed(Error error) {
  upload_broken_ = true;
  clean_ = false;
  upload_error_ = error;
  if (error.origin == Origin::upstream) {
    if (upload_error_.code == Code::timed_out) upload_error_.code = Code::upstream_write_timeout;
    if (upload_error_.code != Code::upstream_write_timeout) return;
  }
  stream_->interrupt_receive(upload_error_);
}

Task<Result<void>> ClientSessionH1::read_head(Exchange& exchange, const RequestHead& request, ResponseHead& head,
                                              const UpstreamTimeouts& timeouts) {
  const Limits& limits = exchange.snapshot->limits;
  unsigned interim_count = 0;
  while (true) {
    HeadLength length = 0;
    if (!inbox_.empty()) {
      CO_TRY(length, parse_response_head(inbox_.unread(), limits, head));
    }
    if (length == 0) {
      if (upload_broken_ && upload_error_.origin != Origin::upstream) co_return fail(upload_error_);
      Result<std::size_t> received;
      if (inbox_.empty()) {
        const auto bytes = co_await stream_->receive(first_byte_left(timeouts));
        received = bytes ? Result<std::size_t>(bytes->size()) : fail(bytes.error());
        if (bytes) inbox_.take(*bytes);
      } else {
        received =
            co_await inbox_.fill_behind(limits.head_bytes + limits.request_line_bytes + 1, first_byte_left(timeouts));
      }
      CO_TRY_VOID(judge_received(received, timeouts));
      continue;
    }
    const std::span<char> bytes = inbox_.unread().first(length);
    const std::string_view kept = exchange.arena.copy({bytes.data(), bytes.size()});
    rebase(head, bytes, kept.data());
    inbox_.consume(length);
    CO_TRY_VOID(interpret(head, request.method, exchange.arena));
    if (!is_interim(head.status) || fault(Fault::interim_as_final)) break;
    if (head.status == 101) {
      // A switch nobody asked for, or to something else, would make the rest of the connection anybody's guess.
      if (request.upgrade.empty() || !text::equal_ignoring_case(head.upgrade, request.upgrade)) {
        co_return fail(upstream_error(Code::bad_upgrade));
      }
      break;
    }
    if (++interim_count > limits::interim_responses) co_return fail(upstream_error(Code::too_many_interim));
    CO_TRY_VOID(co_await exchange.interim(head));
  }
  co_return Result<void>{};
}

// The clock for the first byte starts when the request is sent and pauses while an upload moves.
Duration ClientSessionH1::first_byte_left(const UpstreamTimeouts& timeouts) const {
  const Time deadline = deadline_after(upload_progress_, timeouts.first_byte);
  return deadline == never ? no_limit : std::max(deadline - shard_.reactor.now(), Duration::zero());
}

/// Whether to go on with the head: bytes came, or only the clock of an upload that has moved since ran out.
Result<void> ClientSessionH1::judge_received(const Result<std::size_t>& received, const UpstreamTimeouts& timeouts) {
  if (received && *received > 0) {
    heard_ = true;
    return {};
  }
  if (received) return fail(upstream_error(inbox_.empty() ? Code::peer_closed : Code::body_cut_short));
  if (received.error().code != Code::timed_out) return fail(received.error());
  const Duration left = first_byte_left(timeouts);
  if (left == Duration::zero()) return fail(upstream_error(Code::first_byte_timeout));
  return {};
}

Result<void> ClientSessionH1::attach_content(Exchange& exchange, Answer& answer, const UpstreamTimeouts& timeouts) {
  keep_alive_ = answer.head.keep_alive;
  if (answer.head.status == 101) {
    clean_ = false;
    answer.tunnel = std::make_unique<UpstreamTunnel>(*this);
    return {};
  }
  const Framing framing = answer.head.framing;
  // Where only the end of the connection ends the content, a connection that broke already cannot say that it is whole.
  if (framing.kind == Framing::Kind::until_close && upload_broken_) return fail(upload_error_);
  if (framing.kind == Framing::Kind::none || (framing.kind == Framing::Kind::length && framing.length == 0)) {
    let_go(true);
    return {};
  }
  answer.body = BodyPointer(exchange.arena.make<ResponseBody>(*this, inbox_, framing, exchange, timeouts.idle));
  return {};
}

// What may be tried again: nothing once a byte of the answer was heard, and nothing while the upload still runs; a
// connection that had served before and was closed under us may simply have been too old.
Error ClientSessionH1::failure_of(Error error) const {
  if (upload_broken_ && upload_error_.origin != Origin::upstream) return upload_error_;
  if (uploading_) return error.with(Retry::never);
  const bool heard = heard_ && !fault(Fault::retry_after_response_began);
  if (error.origin == Origin::upstream && !heard && error.retry == Retry::never &&
      (error.code == Code::peer_closed || error.code == Code::peer_reset)) {
    error.retry = Retry::idempotent;
  }
  return error;
}

void ClientSessionH1::let_go(bool clean) {
  clean_ &= clean;
  invariant(holders_ > 0, "a session is let go once by each holder");
  if (--holders_ > 0) {
    // The answer ended before the upload did: the upstream does not want the rest, and the connection is no use.
    if (uploading_) clean_ = false;
    return;
  }
  const bool unharmed = clean_ || fault(Fault::reuse_after_anomaly);
  const bool quiet = inbox_.empty() || fault(Fault::reuse_unread_bytes);
  const bool healthy = unharmed && keep_alive_ && !upload_broken_ && !gone_ && quiet;
  Lease lease = std::move(lease_);
  if (healthy) lease.mark_healthy();
  // The lease goes at the end of this scope; its owner may destroy this session.
}

void ClientSessionH1::on_activity(bool gone) {
  gone_ |= gone;
  if (holders_ == 0 && idle_watcher_ != nullptr) idle_watcher_->on_activity(gone);
}

}  // namespace weir::h1
