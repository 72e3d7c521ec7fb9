// The life of a request, in the order in which it happens.
#include "protocols/h2/server_stream.h"

#include <utility>

#include "base/fault.h"
#include "http/websocket_handshake.h"
#include "protocols/h2/channel_duplex.h"
#include "protocols/h2/outgoing_head.h"
#include "protocols/h2/priority.h"
#include "protocols/h2/request_body.h"
#include "server/answer_framing.h"
#include "server/tunnel.h"

namespace weir::h2 {
namespace {

/// Nobody is there any more who could be told what went wrong.
bool client_is_gone(const Error& error) {
  if (error.code == Code::canceled) return true;
  return error.origin == Origin::client && (error.code == Code::peer_reset || error.code == Code::peer_closed ||
                                            error.code == Code::body_cut_short || error.code == Code::bad_length);
}

/// That a destination's connection broke has a code of its own (RFC 9113 section 8.5).
ErrorCode code_of_broken_tunnel(const Exchange& exchange, const Delivery& delivery) {
  const bool destination_broke = delivery.error != nullptr && delivery.error->origin == Origin::upstream;
  return exchange.request.method == Method::connect && destination_broke ? ErrorCode::connect_error : ErrorCode::cancel;
}

}  // namespace

ServerStream::ServerStream(ServerContext& context, Carrier& carrier, StreamId id)
    : Channel(context.shard().reactor, carrier, id),
      context_(context),
      carrier_(carrier),
      exchange_(context.shard(), context.facts(), context.pin(), *this),
      trailers_(exchange_.arena),
      head_(fail(client_error(Code::peer_closed, "in the middle of a request head"))) {
  exchange_.timings.head_started = context.shard().reactor.now();
  exchange_.request.version = Version::http_2;
}

ServerStream::~ServerStream() {
  context_.shard().reactor.timers().disarm(*this);
}

void ServerStream::section_began() {
  const bool trailers = head_read_;
  // In a tunnel none may come (RFC 9113 section 8.5), and the configuration with its limits may be gone.
  if (trailers && tunnel_wanted_) return section_.reset();
  section_.emplace(trailers ? SectionKind::trailers : SectionKind::request, Origin::client, exchange_.snapshot->limits,
                   trailers ? trailers_ : exchange_.request.fields);
}

bool ServerStream::section_ended(bool end_of_stream) {
  if (!section_) {
    carrier_.reset(id(), ErrorCode::protocol_error);
    break_off(client_error(Code::protocol_violation));
    return false;
  }
  if (head_read_) {
    // Trailers end the stream; a second head in its middle is none (RFC 9113 section 8.1).
    const Result<void> read =
        end_of_stream ? section_->finish_trailers() : Result<void>(fail(client_error(Code::bad_trailer)));
    if (read && arrived_last(trailers_.empty() ? nullptr : &trailers_)) return false;
    carrier_.reset(id(), ErrorCode::protocol_error);
    break_off(read ? client_error(Code::bad_length, "the content is not as long as it was said to be") : read.error());
    return false;
  }
  head_read_ = true;
  head_ = section_->finish_request(exchange_.request, end_of_stream, true);
  malformed_ = section_->malformed();
  if (head_) {
    tunnel_wanted_ = !exchange_.request.upgrade.empty();
    if (tunnel_wanted_) ask_as_websocket();
    if (const Field* const wish = exchange_.request.fields.find("priority")) {
      const Priority priority = priority_of(wish->value);
      carrier_.codec().prioritise(id(), priority.urgency, priority.incremental);
    }
  }
  if (end_of_stream) {
    arrived_last(nullptr);
  } else if (head_) {
    attach_content();
  }
  return true;
}

void ServerStream::attach_content() {
  const Framing framing = exchange_.request.framing;
  if (framing.kind == Framing::Kind::none) return;
  if (framing.kind == Framing::Kind::length) declare(framing.length);
  continue_owed_ = exchange_.request.expects_continue;
  exchange_.request_body = BodyPointer(exchange_.arena.make<RequestBody>(*this, exchange_, continue_owed_));
}

Task<void> ServerStream::serve() {
  CancellationRegion region(co_await current_cancellation{});
  region_ = &region.inner();
  Delivery delivery;
  exchange_.timings.head_read = context_.shard().reactor.now();
  context_.handler().begin(exchange_);
  if (broken()) {
    give_up(delivery, *broken());  // taken back before it could begin
  } else if (malformed_ || (!head_ && client_is_gone(head_.error()))) {
    give_up(delivery, head_.error());
    carrier_.reset(id(), malformed_ ? ErrorCode::protocol_error : ErrorCode::cancel);
  } else {
    co_await answer(delivery);
  }
  context_.shard().reactor.timers().disarm(*this);
  if (!fault(Fault::upload_outlives_exchange)) exchange_.scope.cancel(gateway_error(Code::canceled));
  co_await exchange_.scope.join();
  region_ = nullptr;
  delivery.request_body_bytes = bytes_arrived();
  exchange_.finish(delivery);
  exchange_.request_body.reset();
}

void ServerStream::give_up(Delivery& delivery, Error error) {
  delivery.error = exchange_.arena.make<Error>(error);
}

Task<void> ServerStream::answer(Delivery& delivery) {
  Handler& handler = context_.handler();
  Result<Answer> answered = head_ ? co_await ask(handler) : fail(head_.error());
  exchange_.timings.response_head = context_.shard().reactor.now();
  if (answered && answered->tunnel != nullptr) co_return co_await open_tunnel(std::move(*answered), delivery);
  // To a client that asked for a tunnel, any 2xx would be one.
  if (answered && tunnel_wanted_ && answered->head.status / 100 == 2)
    answered = fail(client_error(Code::upgrade_refused));
  if (!answered) {
    const Error error = answered.error();
    give_up(delivery, error);
    if (client_is_gone(error)) co_return carrier_.reset(id(), ErrorCode::cancel);
    answered = handler.error_answer(exchange_, error);
  }
  frame(*answered);
  if (!send_head(*answered)) {
    // Filters made it grow beyond what is sent at once: nothing of it has left, so it can still be told.
    give_up(delivery, gateway_error(Code::head_too_large));
    answered = handler.error_answer(exchange_, *delivery.error);
    frame(*answered);
    send_head(*answered);
  }
  delivery.status = answered->head.status;
  const Result<void> delivered = co_await deliver(*answered).under(*region_);
  answered->body.reset();
  delivery.response_body_bytes = bytes_put();
  if (delivered) {
    delivery.complete = true;
    exchange_.timings.last_byte = context_.shard().reactor.now();
    // Nobody reads the rest of the request any more; the client may keep it (RFC 9113 section 8.1).
    if (!came_to_end()) carrier_.reset(id(), ErrorCode::no_error);
    co_return;
  }
  Error error = delivered.error();
  if (error.code == Code::timed_out) error = client_error(Code::client_write_timeout);
  give_up(delivery, error);
  if (!fault(Fault::truncation_hidden)) {
    carrier_.reset(id(), error.origin == Origin::client ? ErrorCode::cancel : ErrorCode::internal_error);
  }
}

// What takes too long is given up by itself: the refusal still has to leave.
Reply ServerStream::ask(Handler& handler) {
  CancellationRegion asking(region_);
  asking_ = &asking.inner();
  Result<Answer> answered = co_await handler.handle(exchange_).under(asking.inner());
  asking_ = nullptr;
  co_return answered;
}

// After the head nothing of the exchange is needed but its story, as in HTTP/1.
Task<void> ServerStream::open_tunnel(Answer answer, Delivery& delivery) {
  Shard& shard = context_.shard();
  answer.head.status = 200;  // what 101 is called here (RFC 8441 section 5)
  answer.head.framing = {.kind = Framing::Kind::chunked};
  answer.head.fields.remove(websocket::accept_field);
  delivery.status = answer.head.status;
  head_sent_ = true;
  shard.reactor.timers().disarm(*this);
  carrier_.codec().answer(id(), lines_of(answer.head, shard.date(), exchange_.arena), false);
  carrier_.wake_writer();
  const Duration stall = exchange_.snapshot->timeouts.client_write;
  ChannelDuplex client(*this);
  co_await carry_tunnel(exchange_, client, *answer.tunnel, delivery).under(*region_);
  if (delivery.error == nullptr) {
    if (const Result<void> left = co_await depart(stall).under(*region_); !left) give_up(delivery, left.error());
  }
  if (!came_to_end() || !went_to_end()) carrier_.reset(id(), code_of_broken_tunnel(exchange_, delivery));
}

// A server of HTTP/1 wants a key that a client of HTTP/2 does not send (RFC 8441 section 5.1): ours is as good.
void ServerStream::ask_as_websocket() {
  if (exchange_.request.upgrade != websocket::protocol) return;
  const std::string key = websocket::make_key(context_.shard().reactor.random());
  exchange_.request.fields.set(websocket::key_field, exchange_.arena.copy(key));
}

// What of the answer's framing this client is told: frames show the end by themselves.
void ServerStream::frame(Answer& answer) const {
  if (take_content_from_those_without(exchange_.request.method, answer)) return;
  if (answer.body == nullptr) answer.head.framing = {.kind = Framing::Kind::length, .length = 0};
}

/// \returns  false when it is too large to be sent
bool ServerStream::send_head(Answer& answer) {
  const auto lines = lines_of(answer.head, context_.shard().date(), exchange_.arena);
  if (weight_of(lines) > limits::composed_head_bytes) return false;
  head_sent_ = true;
  continue_owed_ = false;
  const bool alone = answer.body == nullptr;
  if (alone) put({}, true);
  carrier_.codec().answer(id(), lines, alone);
  carrier_.wake_writer();
  return true;
}

Task<Result<void>> ServerStream::deliver(Answer& answer) {
  const Duration stall = exchange_.snapshot->timeouts.client_write;
  if (answer.body != nullptr) CO_TRY_VOID(co_await deliver_content(answer));
  co_return co_await depart(stall);
}

Task<Result<void>> ServerStream::deliver_content(Answer& answer) {
  const Framing framing = answer.head.framing;
  const Duration stall = exchange_.snapshot->timeouts.client_write;
  const bool promised = framing.kind == Framing::Kind::length;
  while (true) {
    std::optional<Result<Piece>> piece = answer.body->try_read();
    if (!piece) piece = co_await answer.body->read();
    if (!*piece) co_return fail(piece->error());
    const ByteCount so_far = bytes_put() + (*piece)->bytes.size();
    if (promised && so_far > framing.length) co_return fail(upstream_error(Code::bad_length));
    const bool last = (*piece)->end;
    if (promised && last && so_far < framing.length) co_return fail(upstream_error(Code::body_cut_short));
    const Fields* const trailers = (*piece)->trailers;
    put((*piece)->bytes, last,
        last && trailers != nullptr ? lines_of(*trailers, exchange_.arena) : std::span<const Line>{});
    if (last) {
      // The upstream connection is free before the client can know, and ask again. (Trailers lie with the body.)
      if (trailers == nullptr) answer.body.reset();
      co_return Result<void>{};
    }
    CO_TRY_VOID(co_await depart(stall));
  }
}

Task<Result<void>> ServerStream::interim(const ResponseHead& head) {
  if (head.status == 100) {
    if (!continue_owed_) co_return Result<void>{};  // the client did not ask, or has begun to send already
    continue_owed_ = false;
  }
  if (head_sent_ || broken() || head.status == 101) co_return Result<void>{};
  carrier_.codec().interim(id(), lines_of(head, {}, exchange_.arena));
  carrier_.wake_writer();
  co_return Result<void>{};
}

void ServerStream::break_off(Error why) {
  Channel::break_off(why);
  if (region_ != nullptr) region_->request(why);
}

void ServerStream::limit_time(Time deadline) {
  context_.shard().reactor.timers().arm(*this, deadline);
}

void ServerStream::fire(Time) {
  Cancellation* const late = asking_ != nullptr ? asking_ : region_;
  if (late != nullptr) late->request(gateway_error(Code::request_timeout));
}

}  // namespace weir::h2
