// The conversation with an upstream, in the order in which it happens.
#include "protocols/h2/client_session.h"

#include <algorithm>

#include "http/websocket_handshake.h"
#include "protocols/h2/channel_duplex.h"
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

/// What a stream is to the relay once it carries a tunnel. Holds the session as long as it lives.
class UpstreamTunnelH2 final : public ChannelDuplex {
 public:
  explicit UpstreamTunnelH2(ClientSessionH2& session) : ChannelDuplex(*session.stream_), session_(session) {}
  ~UpstreamTunnelH2() override { session_.let_go(); }

 private:
  ClientSessionH2& session_;
};

Reply ClientSessionH2::send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
                            Lease lease) {
  if (head.upgrade.empty()) [[likely]]
    return ask(exchange, head, body, timeouts, std::move(lease));
  return ask_for_tunnel(exchange, head, timeouts, std::move(lease));
}

Reply ClientSessionH2::ask(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts& timeouts,
                           Lease lease) {
  invariant(holders_ == 0, "a leased session has no exchange in progress");
  lease_ = std::move(lease);
  upload_error_.reset();
  given_up_.reset();
  upload_progress_ = shard_.reactor.now();
  const bool has_content = body != nullptr && head.framing.kind != Framing::Kind::none;
  stream_ = connection_->open(exchange, head, !has_content && head.upgrade.empty());
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
  const bool switched = !head.upgrade.empty() && (*heard)->status / 100 == 2;
  co_return switched ? tunnel_of(exchange, **heard, head) : answer_of(exchange, **heard, timeouts);
}

Answer ClientSessionH2::answer_of(Exchange& exchange, const ResponseHead& head, const UpstreamTimeouts& timeouts) {
  Answer answer(exchange.arena);
  answer.head = head;
  const bool without_content = answer.head.framing.kind == Framing::Kind::none ||
                               (stream_->came_to_end() && stream_->bytes_arrived() == 0 && !stream_->has_trailers());
  if (without_content) {
    if (answer.head.framing.kind == Framing::Kind::chunked) answer.head.framing = {.kind = Framing::Kind::length};
    let_go();
  } else {
    answer.body = BodyPointer(exchange.arena.make<ResponseBodyH2>(*this, answer.head.framing, timeouts.idle));
  }
  return answer;
}

Reply ClientSessionH2::ask_for_tunnel(Exchange& exchange, const RequestHead& head, const UpstreamTimeouts& timeouts,
                                      Lease lease) {
  given_up_.reset();
  CancellationRegion region(co_await current_cancellation{});
  finding_way_ = &region.inner();
  const Result<bool> passes_here = co_await find_way_for_tunnel(timeouts).under(region.inner());
  finding_way_ = nullptr;
  if (given_up_) co_return fail(*given_up_);
  if (!passes_here) co_return fail(passes_here.error());
  if (*passes_here) co_return co_await ask(exchange, head, nullptr, timeouts, std::move(lease));
  if (elsewhere_ == nullptr) {
    lease.mark_healthy();
    co_return fail(upstream_error(Code::no_extended_connect));
  }
  if (connection_->leave_slot_to_others()) connection_.reset();
  lease_ = std::move(lease);
  co_return co_await elsewhere_->send(exchange, head, nullptr, timeouts, Lease(*this, *elsewhere_));
}

/// Where the upstream takes no tunnels, and there is a detour, its connection is there afterwards.
/// \returns  whether the tunnel goes over a stream
Task<Result<bool>> ClientSessionH2::find_way_for_tunnel(const UpstreamTimeouts& timeouts) {
  CO_TRY(const bool pass, co_await hear_whether_tunnels_pass(timeouts));
  if (!pass && detour_ != nullptr) {
    CO_TRY(elsewhere_, co_await detour_->connect(shard_, connection_->address(), timeouts, nullptr));
  }
  co_return pass;
}

/// What the upstream's settings say (RFC 8441 section 3). They are the first that it sends.
Task<Result<bool>> ClientSessionH2::hear_whether_tunnels_pass(const UpstreamTimeouts& timeouts) {
  ClientConnection::Listener listener(*connection_);
  const Time deadline = deadline_after(shard_.reactor.now(), timeouts.connect);
  while (true) {
    if (const std::optional<Error>& end = connection_->end_reason()) co_return fail(end->with(Retry::unsent));
    if (!connection_->usable()) co_return fail(upstream_error(Code::stream_refused).with(Retry::unsent));
    if (const std::optional<bool> pass = connection_->takes_tunnels()) co_return *pass;
    const Result<void> told = co_await listener.signal.wait(time_left(shard_.reactor.now(), deadline));
    if (told) continue;
    const bool late = told.error().code == Code::timed_out;
    co_return fail(late ? upstream_error(Code::connect_timeout).with(Retry::unsent) : told.error());
  }
}

/// A tunnel as those behind know it, who speak HTTP/1: 101, and the proof that the key was understood.
Answer ClientSessionH2::tunnel_of(Exchange& exchange, const ResponseHead& head, const RequestHead& asked) {
  Answer answer(exchange.arena);
  answer.head = head;
  answer.head.status = 101;
  answer.head.framing = {};
  answer.head.upgrade = asked.upgrade;
  if (const Field* const key = asked.fields.find(websocket::key_field)) {
    answer.head.fields.set(websocket::accept_field, exchange.arena.copy(websocket::accept_of(key->value)));
  }
  answer.tunnel = std::make_unique<UpstreamTunnelH2>(*this);
  return answer;
}

// The place goes with the connection that the detour led to: both are closed in the pool's own time.
void ClientSessionH2::give_back(ClientSession&, bool) {
  lease_.drop();
}

// The upstream is told that nobody waits for it any more. Whoever waits here, for the head, for content, for room, or
// in a tunnel, is told why.
void ClientSessionH2::give_up(const Error& why) {
  if (elsewhere_ != nullptr) return elsewhere_->give_up(why);
  if (given_up_) return;
  if (stream_ == nullptr) {
    given_up_ = why.with(Retry::unsent);
    if (finding_way_ != nullptr) finding_way_->request(*given_up_);
    return;
  }
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
