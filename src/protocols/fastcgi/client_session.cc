// The conversation with an application, in the order in which it happens.
#include "protocols/fastcgi/client_session.h"

#include <algorithm>

#include "protocols/fastcgi/cgi_head.h"

namespace weir::fastcgi {
namespace {

// A piece that every socket takes at once when it is idle (Linux gives a new one at least 16 KiB to send from).
constexpr std::size_t sent_at_once_bytes = 16 * 1024;

}  // namespace

/// The content of an answer. Lets the session go when it ended, or when it is dropped.
class OutputBody final : public Body {
 public:
  OutputBody(ClientSessionFastcgi& session, Framing framing, Exchange& exchange, Duration idle)
      : session_(&session), exchange_(exchange), idle_(idle) {
    if (framing.kind == Framing::Kind::length) left_ = framing.length;
  }
  ~OutputBody() override { leave(); }

  Task<Result<Piece>> read() override {
    while (true) {
      if (auto ready = try_read()) co_return *ready;
      const auto received = co_await session_->stream_->receive(idle_);
      if (!received && received.error().code == Code::timed_out)
        co_return fail(upstream_error(Code::upstream_idle_timeout));
      if (!received) co_return fail(received.error());
      if (received->empty()) co_return fail(upstream_error(Code::body_cut_short, "closed without END_REQUEST"));
      session_->inbox_.take(*received);
    }
  }

  std::optional<Result<Piece>> try_read() override {
    if (ended_) return Piece{.bytes = {}, .end = true};
    const auto output = session_->output_.take_all();
    if (!output) return {};
    if (!*output) return fail((*output).error());
    std::string_view bytes = **output;
    const bool over = session_->output_.ended();
    if (left_) {
      bytes = bytes.substr(0, *left_);  // what is said beyond its own length goes nowhere
      excess_ = excess_ || bytes.size() < (*output)->size();
      *left_ -= bytes.size();
      if (over && *left_ > 0) return fail(upstream_error(Code::body_cut_short, "less than its Content-Length"));
    }
    ended_ = over || left_ == ByteCount{0};
    if (over) session_->note_application_status(exchange_);
    return Piece{.bytes = bytes, .end = ended_};
  }

  [[nodiscard]] std::optional<ByteCount> remaining() const override {
    return ended_ ? std::optional<ByteCount>(0) : left_;
  }

 private:
  void leave() {
    ClientSessionFastcgi* session = std::exchange(session_, nullptr);
    if (session != nullptr) session->let_go(session->output_.ended() && !excess_);
  }

  ClientSessionFastcgi* session_;
  Exchange& exchange_;
  Duration idle_;
  std::optional<ByteCount> left_;
  bool excess_ = false;
  bool ended_ = false;
};

ClientSessionFastcgi::ClientSessionFastcgi(Shard& shard, std::unique_ptr<Stream> stream, Watcher* idle_watcher)
    : shard_(shard), stream_(std::move(stream)), inbox_(*stream_), output_(inbox_), idle_watcher_(idle_watcher) {
  stream_->watch(this);
}

Reply ClientSessionFastcgi::send(Exchange& exchange, const RequestHead& head, Body* body,
                                 const UpstreamTimeouts& timeouts, Lease lease) {
  invariant(holders_ == 0, "a leased session has no exchange in progress");
  lease_ = std::move(lease);
  holders_ = 1;
  clean_ = true;
  heard_ = false;
  upload_broken_ = false;
  uploading_ = false;
  ++exchanges_;
  output_.begin(exchange);
  Result<Answer> answer = co_await converse(exchange, head, body, timeouts);
  if (!answer) {
    const Error error = failure_of(answer.error());
    let_go(false);
    co_return fail(error);
  }
  co_return answer;
}

Reply ClientSessionFastcgi::converse(Exchange& exchange, const RequestHead& head, Body* body,
                                     const UpstreamTimeouts& timeouts) {
  CO_TRY_VOID(co_await send_request(exchange, head, body, timeouts));
  exchange.timings.upstream_sent = shard_.reactor.now();
  Answer answer(exchange.arena);
  CO_TRY_VOID(co_await read_head(exchange, head.method, answer.head, timeouts));
  exchange.timings.response_head = shard_.reactor.now();
  co_return attach_content(exchange, std::move(answer), timeouts);
}

// The variables alone, or with the first piece of the content; what follows is the pump's.
Task<Result<void>> ClientSessionFastcgi::send_request(Exchange& exchange, const RequestHead& head, Body* body,
                                                      const UpstreamTimeouts& timeouts) {
  RequestWriter out(shard_.compose_buffer().first(limits::composed_head_bytes));
  out.begin();
  for (const CgiVariable& variable : head.cgi_variables) out.variable(variable.name, variable.value);
  out.end_variables();
  const bool has_content = body != nullptr && head.framing.kind != Framing::Kind::none;
  if (!has_content) out.input({});
  if (out.overflowed()) co_return fail(client_error(Code::head_too_large, "the request makes too large variables"));
  InputWriter writer(*stream_, head.framing.length, timeouts.idle);
  upload_progress_ = shard_.reactor.now();
  if (!has_content) {
    const Result<void> sent = co_await writer.send_front(out.written());
    // The application may have answered and closed: its answer is read before anything fails.
    if (!sent) upload_failed(sent.error());
    co_return Result<void>{};
  }
  const auto first = body->try_read();
  if (first && !*first) co_return fail(first->error());
  if (first && (*first)->end && (*first)->bytes.size() <= sent_at_once_bytes) {
    const Result<void> sent = co_await writer.send(out.written(), **first);
    if (!sent && sent.error().origin == Origin::client) co_return fail(sent.error());
    if (!sent) upload_failed(sent.error());
    co_return Result<void>{};
  }
  // Whatever may take long is the pump's: an application that answers at length before it reads would wait for us.
  uploading_ = true;
  ++holders_;
  exchange.scope.spawn(
      pump(*body, writer, out.written(), first ? std::optional<Piece>(**first) : std::optional<Piece>()));
  co_return Result<void>{};
}

// Carries the variables and the upload while the answer is awaited, or already flows.
Task<void> ClientSessionFastcgi::pump(Body& body, InputWriter writer, std::string_view front,
                                      std::optional<Piece> first) {
  Result<Piece> piece = first.value_or(Piece{});
  Result<void> sent;
  if (first) {
    sent = co_await writer.send(front, *first);
  } else {
    sent = co_await writer.send_front(front);
  }
  while (sent && !piece->end) {
    upload_progress_ = shard_.reactor.now();
    piece = co_await body.read();
    if (!piece) break;
    upload_progress_ = shard_.reactor.now();
    sent = co_await writer.send({}, *piece);
  }
  upload_progress_ = shard_.reactor.now();
  if (!sent) piece = fail(sent.error());
  uploading_ = false;
  if (!piece) upload_failed(piece.error());
  let_go(piece.has_value());
}

// A broken connection to the upstream may still hold its answer; a broken client or a refused body ends the exchange
// now.
void ClientSessionFastcgi::upload_failed(Error error) {
  upload_broken_ = true;
  clean_ = false;
  upload_error_ = error;
  if (error.origin == Origin::upstream) {
    if (upload_error_.code == Code::timed_out) upload_error_.code = Code::upstream_write_timeout;
    if (upload_error_.code != Code::upstream_write_timeout) return;
  }
  stream_->interrupt_receive(upload_error_);
}

Task<Result<void>> ClientSessionFastcgi::read_head(Exchange& exchange, Method method, ResponseHead& head,
                                                   const UpstreamTimeouts& timeouts) {
  head_text_.clear();
  while (true) {
    const auto output = output_.peek();
    if (!output) {
      if (upload_broken_ && upload_error_.origin != Origin::upstream) co_return fail(upload_error_);
      CO_TRY_VOID(co_await receive(timeouts));
      continue;
    }
    if (!*output) co_return fail((*output).error());
    if (output_.ended()) co_return fail(error_without_head());
    CO_TRY(const std::span<char> text, take_head_text(exchange, **output));
    if (!text.empty()) co_return parse_cgi_head(text, method, exchange.snapshot->limits, head);
  }
}

// Moves the head to the arena when its end is there, and reads not a byte beyond. Empty when more must come.
Result<std::span<char>> ClientSessionFastcgi::take_head_text(Exchange& exchange, std::string_view output) {
  const std::size_t before = head_text_.size();
  const ByteCount head_bytes_max = exchange.snapshot->limits.head_bytes;
  const std::string_view looked_at = output.substr(0, head_bytes_max - before + 1);
  std::string_view whole = looked_at;
  if (before > 0) whole = head_text_.append(looked_at);
  const std::size_t end = find_head_end(whole, before);
  if (end > head_bytes_max || (end == 0 && whole.size() > head_bytes_max)) {
    return fail(upstream_error(Code::head_too_large));
  }
  if (end == 0) {
    if (before == 0) head_text_ = whole;
    output_.consume(looked_at.size());
    return {};
  }
  const std::span<char> text = exchange.arena.make_array<char>(end);
  std::ranges::copy(whole.substr(0, end), text.begin());
  output_.consume(end - before);
  std::string().swap(head_text_);  // a pooled connection holds no memory for a head that once came in pieces
  return text;
}

// The application has ended the request, and there was no head.
Error ClientSessionFastcgi::error_without_head() const {
  switch (output_.records().protocol_status()) {
    case ProtocolStatus::overloaded:
      return upstream_error(Code::upstream_overloaded).with(Retry::unsent);
    case ProtocolStatus::cannot_multiplex:
      return upstream_error(Code::bad_record, "the application says that it cannot multiplex, which nobody asked for");
    case ProtocolStatus::unknown_role:
      return upstream_error(Code::bad_record, "the application is no responder");
    case ProtocolStatus::complete:
      break;
  }
  return upstream_error(Code::missing_response_head);
}

// The clock for the first byte starts when the request is sent and pauses while an upload moves.
Task<Result<void>> ClientSessionFastcgi::receive(const UpstreamTimeouts& timeouts) {
  while (true) {
    const Time deadline = deadline_after(upload_progress_, timeouts.first_byte);
    const Duration left = deadline == never ? no_limit : std::max(deadline - shard_.reactor.now(), Duration::zero());
    const auto received = co_await stream_->receive(left);
    if (received && !received->empty()) {
      heard_ = true;
      inbox_.take(*received);
      co_return Result<void>{};
    }
    if (received) co_return fail(upstream_error(heard_ ? Code::body_cut_short : Code::peer_closed));
    if (received.error().code != Code::timed_out) co_return fail(received.error());
    const bool moved = deadline_after(upload_progress_, timeouts.first_byte) > shard_.reactor.now();
    if (!moved) co_return fail(upstream_error(Code::first_byte_timeout));
  }
}

Result<Answer> ClientSessionFastcgi::attach_content(Exchange& exchange, Answer answer,
                                                    const UpstreamTimeouts& timeouts) {
  const Framing framing = answer.head.framing;
  if (framing.kind == Framing::Kind::none || (framing.kind == Framing::Kind::length && framing.length == 0)) {
    // Usually the end came with the head. Nobody waits for it otherwise: the connection goes.
    TRY_VOID(pass_over_output());
    if (output_.ended()) note_application_status(exchange);
    let_go(output_.ended());
    return answer;
  }
  answer.body = BodyPointer(exchange.arena.make<OutputBody>(*this, framing, exchange, timeouts.idle));
  return answer;
}

Result<void> ClientSessionFastcgi::pass_over_output() {
  const auto output = output_.take_all();
  if (output && !*output) return fail((*output).error());
  return {};
}

// A script that failed behind its head, for those who ask later; its output stands as it is.
void ClientSessionFastcgi::note_application_status(Exchange& exchange) const {
  if (output_.records().application_status() == 0) return;
  exchange.record({.room = "fastcgi",
                   .verdict = "ended",
                   .subject = exchange.upstream_endpoint,
                   .reason = "application_status_not_zero",
                   .place = {}});
}

// What may be tried again: nothing once a byte of the answer was heard, and nothing while the upload still runs; a
// connection that had served before and was closed under us may simply have been too old.
Error ClientSessionFastcgi::failure_of(Error error) const {
  if (upload_broken_ && upload_error_.origin != Origin::upstream) return upload_error_;
  if (uploading_) return error.with(Retry::never);
  if (error.origin == Origin::upstream && !heard_ && error.retry == Retry::never &&
      (error.code == Code::peer_closed || error.code == Code::peer_reset)) {
    error.retry = Retry::idempotent;
  }
  return error;
}

void ClientSessionFastcgi::let_go(bool clean) {
  clean_ &= clean;
  invariant(holders_ > 0, "a session is let go once by each holder");
  if (--holders_ > 0) {
    // The answer ended before the upload did: the application does not want the rest, and the connection is no use.
    if (uploading_) clean_ = false;
    return;
  }
  const bool healthy = clean_ && !upload_broken_ && !gone_ && inbox_.empty();
  Lease lease = std::move(lease_);
  if (healthy) {
    inbox_.trim();
    lease.mark_healthy();
  }
  // The lease goes at the end of this scope; its owner may destroy this session.
}

void ClientSessionFastcgi::on_activity(bool gone) {
  gone_ |= gone;
  if (holders_ == 0 && idle_watcher_ != nullptr) idle_watcher_->on_activity(gone);
}

}  // namespace weir::fastcgi
