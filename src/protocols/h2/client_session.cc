// The conversation with an upstream, in the order in which it happens.
#include "protocols/h2/client_session.h"

#include <algorithm>

#include "protocols/h2/outgoing_head.h"

namespace weir::h2 {

/// The content of an answer. Lets the session go when it is dropped.
class ResponseBodyH2 final : public Body {
 public:
  ResponseBodyH2(ClientSessionH2& session, Framing framing, Duration idle)
      : session_(session), channel_(*session.stream_), idle_(idle) {
    if (framing.kind == Framing::Kind::length) left_ = framing.length;
  }
  ~ResponseBodyH2() override { session_.let_go(); }

  Task<Result<Piece>> read() override {
    while (true) {
      if (auto ready = try_read()) co_return *ready;
      const Result<void> arrived = co_await channel_.arrival(idle_);
      if (arrived) continue;
      const Error error = arrived.error();
      co_return fail(error.code == Code::timed_out ? upstream_error(Code::upstream_idle_timeout) : error);
    }
  }
  std::optional<Result<Piece>> try_read() override {
    auto piece = channel_.try_read();
    if (piece && *piece && left_) *left_ -= std::min<ByteCount>(*left_, (*piece)->bytes.size());
    return piece;
  }
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return left_; }

 private:
  ClientSessionH2& session_;
  Channel& channel_;
  Duration idle_;
  std::optional<ByteCount> left_;
};

Reply ClientSessionH2::send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
                            Lease lease) {
  invariant(holders_ == 0, "a leased session has no exchange in progress");
  lease_ = std::move(lease);
  upload_error_.reset();
  given_up_.reset();
  upload_progress_ = shard_.reactor.now();
  const bool has_content = body != nullptr && head.framing.kind != Framing::Kind::none;
  stream_ = connection_->open(exchange, head, !has_content);
  if (stream_ == nullptr) {
    lease_.drop();  // condemned: the pool asks for another
    co_return fail(upstream_error(Code::stream_refused).with(Retry::unsent));
  }
  ++exchanges_;
  holders_ = 1;
  if (has_content) {
    ++holders_;
    uploading_ = true;
    exchange.scope.spawn(upload(exchange, *body, head.framing, timeouts.idle));
  }
  exchange.timings.upstream_sent = shard_.reactor.now();
  const Result<ResponseHead*> heard = co_await hear_head(exchange, timeouts);
  if (!heard) {
    const Error error = failure_of(heard.error());
    let_go();
    co_return fail(error);
  }
  exchange.timings.response_head = shard_.reactor.now();
  Answer answer(exchange.arena);
  answer.head = **heard;
  const bool without_content = answer.head.framing.kind == Framing::Kind::none ||
                               (stream_->came_to_end() && stream_->bytes_arrived() == 0 && !stream_->has_trailers());
  if (without_content) {
    if (answer.head.framing.kind == Framing::Kind::chunked) answer.head.framing = {.kind = Framing::Kind::length};
    let_go();
  } else {
    answer.body = BodyPointer(exchange.arena.make<ResponseBodyH2>(*this, answer.head.framing, timeouts.idle));
  }
  co_return answer;
}

// The upstream is told that nobody waits for it any more. Whoever waits here, for the head, for content, for room, or
// in a tunnel, is told why.
void ClientSessionH2::give_up(const Error& why) {
  if (stream_ == nullptr || given_up_) return;
  const Retry advice = stream_->heard() || uploading_ ? Retry::never : Retry::idempotent;
  given_up_ = why.with(stream_->request_may_be_known() ? advice : Retry::unsent);
  stream_->break_off(why);
  connection_->reset(stream_->id(), ErrorCode::cancel);
}

/// The final head; interim ones are passed on.
Task<Result<ResponseHead*>> ClientSessionH2::hear_head(Exchange& exchange, const UpstreamTimeouts& timeouts) {
  unsigned interim_count = 0;
  while (true) {
    if (upload_error_ && upload_error_->origin != Origin::upstream) co_return fail(*upload_error_);
    const auto next = stream_->next_head();
    if (!next) {
      const Time deadline = deadline_after(upload_progress_, timeouts.first_byte);
      const Duration left = time_left(shard_.reactor.now(), deadline);
      const Result<void> arrived = co_await stream_->head_arrival(left);
      if (arrived) continue;
      if (arrived.error().code != Code::timed_out) co_return fail(arrived.error());
      if (shard_.reactor.now() < deadline_after(upload_progress_, timeouts.first_byte)) continue;
      co_return fail(upstream_error(Code::first_byte_timeout));
    }
    CO_TRY(ResponseHead* const head, *next);
    if (!is_interim(head->status)) co_return head;
    if (++interim_count > limits::interim_responses) co_return fail(upstream_error(Code::too_many_interim));
    CO_TRY_VOID(co_await exchange.interim(*head));
  }
}

/// Carries the content beside the answer, which may come before its end.
Task<void> ClientSessionH2::upload(Exchange& exchange, Body& body, Framing framing, Duration stall) {
  const Result<void> moved = co_await move_content(exchange, body, framing, stall);
  uploading_ = false;
  if (!moved) {
    Error error = moved.error();
    if (error.code == Code::timed_out) error = upstream_error(Code::upstream_write_timeout);
    upload_error_ = error;
    // A part must not be taken for the whole; an answer that is here already may still be read.
    connection_->reset(stream_->id(), ErrorCode::cancel);
    if (error.origin != Origin::upstream) stream_->break_off(error);
  }
  let_go();
}

Task<Result<void>> ClientSessionH2::move_content(Exchange& exchange, Body& body, Framing framing, Duration stall) {
  const bool promised = framing.kind == Framing::Kind::length;
  while (true) {
    std::optional<Result<Piece>> piece;
    if (!exchange.expectation_forwarded) piece = body.try_read();
    if (!piece) piece = co_await body.read();
    if (!*piece) co_return fail(piece->error());
    const ByteCount so_far = stream_->bytes_put() + (*piece)->bytes.size();
    if (promised && so_far > framing.length)
      co_return fail(client_error(Code::bad_length, "more content than was promised"));
    const bool last = (*piece)->end;
    if (promised && last && so_far < framing.length) co_return fail(client_error(Code::body_cut_short));
    const Fields* const trailers = last ? (*piece)->trailers : nullptr;
    stream_->put((*piece)->bytes, last,
                 trailers != nullptr ? lines_of(*trailers, exchange.arena) : std::span<const Line>{});
    CO_TRY_VOID(co_await stream_->depart(stall));
    upload_progress_ = shard_.reactor.now();
    if (last) co_return Result<void>{};
  }
}

// What the upstream cannot have seen may be sent to another, whatever it is; what it has not answered, if it may be
// sent twice; as in upstream/one_exchange_session.cc.
Error ClientSessionH2::failure_of(Error error) const {
  if (given_up_) return *given_up_;
  if (upload_error_ && upload_error_->origin != Origin::upstream) return *upload_error_;
  if (error.origin != Origin::upstream || error.retry != Retry::never) return error;
  if (!stream_->request_may_be_known()) return error.with(Retry::unsent);
  const bool unanswered = error.code == Code::peer_closed || error.code == Code::peer_reset ||
                          error.code == Code::first_byte_timeout || error.code == Code::attempt_timeout;
  return unanswered && !stream_->heard() && !uploading_ ? error.with(Retry::idempotent) : error;
}

void ClientSessionH2::let_go() {
  invariant(holders_ > 0, "a session is let go once by each holder");
  if (--holders_ > 0) {
    // The answer is over before the upload: the upstream does not want the rest.
    if (uploading_) {
      connection_->reset(stream_->id(), ErrorCode::no_error);
      stream_->break_off(gateway_error(Code::canceled));
    }
    return;
  }
  connection_->close(*stream_);
  stream_.reset();
  Lease lease = std::move(lease_);
  if (connection_->usable()) lease.mark_healthy();
  // The lease goes at the end of this scope; its owner may destroy this session.
}

}  // namespace weir::h2
