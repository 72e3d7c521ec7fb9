// The life of a client connection, in the order in which it happens.
#include "protocols/h1/server_session.h"

#include <algorithm>
#include <utility>

#include "base/fault.h"
#include "protocols/h1/body_writer.h"
#include "protocols/h1/head_parser.h"
#include "server/answer_framing.h"
#include "server/linger.h"
#include "server/tunnel.h"
#include "upstream/stream_duplex.h"

namespace weir::h1 {
namespace {

// A rest of a request that is at most this long is read and forgotten, so that the connection can go on.
constexpr ByteCount drained_bytes_max = 64 * kibibyte;

/// Nobody is there any more who could be told what went wrong.
bool client_is_gone(const Error& error) {
  if (error.code == Code::canceled) return true;
  return error.origin == Origin::client &&
         (error.code == Code::peer_reset || error.code == Code::peer_closed || error.code == Code::body_cut_short);
}

}  // namespace

ServerSessionH1::ServerSessionH1(ServerContext& context, Inbox& inbox)
    : context_(context), shard_(context.shard()), stream_(inbox.stream()), inbox_(inbox) {
  stream_.watch(this);
}

ServerSessionH1::~ServerSessionH1() {
  shard_.reactor.timers().disarm(*this);
  stream_.watch(nullptr);
}

Task<void> ServerSessionH1::run() {
  Afterwards afterwards = Afterwards::next_request;
  while (afterwards == Afterwards::next_request) {
    const Result<bool> arrived = co_await wait_for_request();
    if (!arrived || !*arrived) break;
    afterwards = co_await serve_exchange();
  }
  if (afterwards == Afterwards::linger) co_await linger();
  if (afterwards == Afterwards::abort) stream_.reset_on_close();
}

/// \returns  false when the client has closed, or the connection was idle for too long
Task<Result<bool>> ServerSessionH1::wait_for_request() {
  if (fault(Fault::pipelined_bytes_dropped)) inbox_.consume(inbox_.unread().size());
  if (!inbox_.empty()) co_return true;
  if (context_.draining()) {
    co_await linger();
    co_return false;
  }
  inbox_.trim();
  context_.set_idle(true);
  Duration patience;
  {
    const SnapshotPin pin = context_.pin();  // not held while idle: an old configuration must be able to go
    patience = pin->timeouts.keep_alive;
  }
  const auto received = co_await stream_.receive_new_work(patience);
  context_.set_idle(false);
  if (!received) {
    // A drain asks idle connections to end: say so, and let what is already on its way arrive without a reset.
    if (received.error().code == Code::draining) co_await linger();
    co_return fail(received.error());
  }
  inbox_.take(*received);
  co_return !received->empty();
}

Task<ServerSessionH1::Afterwards> ServerSessionH1::serve_exchange() {
  Exchange exchange(shard_, context_.facts(), context_.pin(), *this);
  CancellationRegion region(co_await current_cancellation{});
  region_ = &region.inner();
  body_ = nullptr;
  head_sent_ = false;
  continue_owed_ = false;
  interim_.reset();
  version_ = Version::http_1_1;
  exchange.timings.head_started = shard_.reactor.now();
  Delivery delivery;

  const Result<HeadLength> at_once = parse_received_head(exchange);
  Result<void> head;
  if (!at_once) {
    head = fail(at_once.error());
  } else if (*at_once == 0) {
    head = co_await read_head(exchange);
  }
  exchange.timings.head_read = shard_.reactor.now();
  version_ = exchange.request.version;
  const Afterwards afterwards = co_await answer(exchange, head, delivery);

  shard_.reactor.timers().disarm(*this);
  if (!fault(Fault::upload_outlives_exchange)) exchange.scope.cancel(gateway_error(Code::canceled));
  co_await exchange.scope.join();
  region_ = nullptr;
  if (body_ != nullptr) delivery.request_body_bytes = body_->bytes_read();
  exchange.finish(delivery);
  exchange.request_body.reset();
  body_ = nullptr;
  co_return afterwards;
}

// What a refused head leaves behind points at bytes that will not stay: the story keeps its first line, nothing else.
void ServerSessionH1::forget_unread_views(Exchange& exchange) {
  RequestHead refused(exchange.arena);
  refused.method_text = exchange.arena.copy(exchange.request.method_text);
  refused.target = exchange.arena.copy(exchange.request.target);
  refused.method = exchange.request.method;
  refused.keep_alive = false;
  exchange.request = refused;
}

// Parses what is there; a complete head is moved to the arena and given its meaning. Returns 0 when bytes are missing.
Result<HeadLength> ServerSessionH1::parse_received_head(Exchange& exchange) {
  RequestHead& request = exchange.request;
  const Limits& limits = exchange.snapshot->limits;
  const Result<HeadLength> length = parse_request_head(inbox_.unread(), limits, request);
  if (!length) {
    forget_unread_views(exchange);
    return length;
  }
  if (*length == 0) {
    request = RequestHead(exchange.arena);  // more bytes may move those that are here
    return length;
  }
  const std::span<char> bytes = inbox_.unread().first(*length);
  const std::string_view kept = exchange.arena.copy({bytes.data(), bytes.size()});
  rebase(request, bytes, kept.data());
  inbox_.consume(*length);
  TRY_VOID(interpret(request, limits, exchange.arena));
  if (request.framing.kind != Framing::Kind::none) {
    body_ = exchange.arena.make<RequestBody>(inbox_, exchange, continue_owed_);
    exchange.request_body = BodyPointer(body_);
    continue_owed_ = request.expects_continue;
  }
  return length;
}

Task<Result<void>> ServerSessionH1::read_head(Exchange& exchange) {
  const Limits& limits = exchange.snapshot->limits;
  // Room for one byte more than allowed, so that the parser sees that it is too much.
  const std::size_t room_max = limits.head_bytes + limits.request_line_bytes + 1;
  const Time deadline = deadline_after(exchange.timings.head_started, exchange.snapshot->timeouts.client_head);
  while (true) {
    const Duration left = time_left(shard_.reactor.now(), deadline);
    const Result<std::size_t> received = co_await inbox_.fill_behind(room_max, left);
    if (!received || *received == 0) guess_method(exchange);
    if (!received) {
      const Error error = received.error();
      co_return fail(error.code == Code::timed_out ? client_error(Code::client_head_timeout) : error);
    }
    if (*received == 0) co_return fail(client_error(Code::peer_closed, "in the middle of a request head"));
    CO_TRY(const HeadLength length, parse_received_head(exchange));
    if (length > 0) co_return Result<void>{};
  }
}

// An answer to HEAD has no content (RFC 9110 section 9.3.2), however little of the request has come.
void ServerSessionH1::guess_method(Exchange& exchange) const {
  const std::span<const char> unread = inbox_.unread();
  if (std::string_view(unread.data(), unread.size()).starts_with("HEAD ")) exchange.request.method = Method::head;
}

Task<ServerSessionH1::Afterwards> ServerSessionH1::answer(Exchange& exchange, Result<void> head, Delivery& delivery) {
  Handler& handler = context_.handler();
  handler.begin(exchange);
  Result<Answer> answered = head ? co_await handler.handle(exchange).under(*region_) : fail(head.error());
  exchange.timings.response_head = shard_.reactor.now();
  if (!interim_.none()) [[unlikely]]
    co_await interim_over().under(*region_);
  if (interim_.cut()) [[unlikely]] {
    delivery.error = exchange.arena.make<Error>(answered ? client_error(Code::client_write_timeout) : answered.error());
    co_return Afterwards::abort;
  }
  bool close_after = !head;
  if (answered) {
    if (answered->tunnel != nullptr) co_return co_await open_tunnel(exchange, std::move(*answered), delivery);
  } else {
    const Error error = answered.error();
    delivery.error = exchange.arena.make<Error>(error);
    if (client_is_gone(error)) co_return head ? Afterwards::abort : Afterwards::close;
    // What follows a CONNECT that was refused may be meant for the tunnel: it must not be taken for requests.
    close_after |= exchange.request.method == Method::connect ||
                   (body_ != nullptr && (body_->failed() || error.code == Code::body_too_large));
    answered = handler.error_answer(exchange, error);
  }
  const Composed composed = prepare(exchange, *answered, delivery, close_after);
  const Afterwards afterwards =
      co_await deliver(exchange, *answered, delivery, composed.head.written()).under(*region_);
  answered->body.reset();
  if (afterwards != Afterwards::next_request) co_return afterwards;
  delivery.complete = true;
  exchange.timings.last_byte = shard_.reactor.now();
  if (composed.how == Persistence::close) co_return close_or_linger(exchange);
  if (body_ == nullptr || body_->ended() || fault(Fault::request_body_not_drained)) co_return Afterwards::next_request;
  co_return co_await drain_request();
}

// How the end of the content is told to this client: as the source tells it, if the client understands that.
void ServerSessionH1::frame(const Exchange& exchange, Answer& answer) const {
  Framing& framing = answer.head.framing;
  if (take_content_from_those_without(exchange.request.method, answer)) return;
  if (answer.body == nullptr) {
    framing = {.kind = Framing::Kind::length, .length = 0};
    return;
  }
  const bool length_unknown = framing.kind == Framing::Kind::chunked || framing.kind == Framing::Kind::until_close;
  if (!length_unknown) return;
  framing = {.kind = version_ == Version::http_1_0 ? Framing::Kind::until_close : Framing::Kind::chunked};
}

bool ServerSessionH1::request_can_be_drained(const Exchange& exchange) const {
  if (body_ == nullptr || body_->ended()) return true;
  if (body_->failed() || continue_owed_ || exchange.scope.running() > 0) return false;
  const auto remaining = body_->remaining();
  return remaining && *remaining <= drained_bytes_max;
}

Persistence ServerSessionH1::persistence(const Exchange& exchange, bool close_after) const {
  const bool goes_on =
      !close_after && exchange.request.keep_alive && !context_.ending() && request_can_be_drained(exchange);
  return goes_on || (close_after && fault(Fault::keep_alive_after_error)) ? Persistence::keep_alive
                                                                          : Persistence::close;
}

ServerSessionH1::Composed ServerSessionH1::compose(const Exchange& exchange, Answer& answer, bool close_after) {
  frame(exchange, answer);
  const bool ends_by_closing = answer.head.framing.kind == Framing::Kind::until_close;
  Composed composed{.how = persistence(exchange, close_after || ends_by_closing),
                    .head = HeadBuffer(shard_.compose_buffer().first(limits::composed_head_bytes))};
  write_response_head(composed.head, answer.head, version_, composed.how, shard_.date());
  return composed;
}

/// Makes the answer what this client can be sent.
ServerSessionH1::Composed ServerSessionH1::prepare(Exchange& exchange, Answer& answer, Delivery& delivery,
                                                   bool close_after) {
  Composed composed = compose(exchange, answer, close_after);
  if (composed.head.overflowed()) {
    // Filters made it grow beyond what is composed at once: nothing of it has left, so it can still be told.
    delivery.error = exchange.arena.make<Error>(gateway_error(Code::head_too_large));
    answer = context_.handler().error_answer(exchange, *delivery.error);
    composed = compose(exchange, answer, close_after);
  }
  delivery.status = answer.head.status;
  return composed;
}

// Sends the head with whatever content is already there, then one piece after the other.
Task<ServerSessionH1::Afterwards> ServerSessionH1::deliver(Exchange& exchange, Answer& answer, Delivery& delivery,
                                                           std::string_view head) {
  BodyWriter writer(stream_, shard_.compose_buffer(), answer.head.framing, exchange.snapshot->timeouts.client_write);
  head_sent_ = true;
  continue_owed_ = false;
  Result<void> sent;
  if (answer.body == nullptr) {
    sent = co_await writer.send_head(head);
  } else {
    unsigned at_once = 0;
    bool last = false;
    while (true) {
      Result<void> usable;
      if (const auto in_file = writer.takes_files() ? answer.body->try_file() : std::nullopt) {
        usable = writer.check(*in_file);
        if (usable) {
          if (!head.empty()) sent = co_await writer.send_head_before_file(head);
          if (sent) sent = co_await writer.send_file(**in_file);
          last = (*in_file)->end;
        }
      } else {
        std::optional<Result<Piece>> piece = answer.body->try_read();
        if (!piece) {
          // The content is not there yet: the head goes alone.
          if (!head.empty()) sent = co_await writer.send_head(head);
          head = {};
          if (!sent) break;
          piece = co_await answer.body->read();
        }
        usable = writer.check(*piece);
        if (usable) {
          sent = co_await writer.send(head, **piece);
          last = (*piece)->end;
        }
      }
      if (!usable) {
        // Too late for a status: cut, so that the client cannot take the part for the whole.
        delivery.error = exchange.arena.make<Error>(usable.error());
        if (!head.empty()) co_await writer.send_head(head);
        delivery.response_body_bytes = writer.bytes_written();
        co_return answer.head.framing.kind == Framing::Kind::until_close ? Afterwards::abort : Afterwards::close;
      }
      head = {};
      if (!sent || last) break;
      if (++at_once % limits::pieces_per_turn == 0) co_await Yield(shard_.reactor);
    }
  }
  delivery.response_body_bytes = writer.bytes_written();
  if (!sent || !writer.finished()) {
    Error error = sent ? upstream_error(Code::body_cut_short) : sent.error();
    if (error.code == Code::timed_out) error.code = Code::client_write_timeout;
    delivery.error = exchange.arena.make<Error>(error);
    co_return sent ? Afterwards::close : Afterwards::abort;
  }
  co_return Afterwards::next_request;
}

// The client closes by itself when it asked for the end and has sent all it wanted to.
ServerSessionH1::Afterwards ServerSessionH1::close_or_linger(const Exchange& exchange) const {
  const bool client_closes = !exchange.request.keep_alive && inbox_.empty() && (body_ == nullptr || body_->ended());
  return client_closes ? Afterwards::close : Afterwards::linger;
}

// The answer is out. What is left of the request is read and forgotten: persistence() said that it is little.
Task<ServerSessionH1::Afterwards> ServerSessionH1::drain_request() {
  while (!body_->ended()) {
    if (const auto piece = co_await body_->read(); !piece) co_return Afterwards::linger;
  }
  co_return Afterwards::next_request;
}

Task<void> ServerSessionH1::linger() {
  inbox_.consume(inbox_.unread().size());
  co_await weir::linger(context_, stream_);
}

// After the 101 nothing of the exchange is needed but its story: configuration and route may go while the tunnel lives.
Task<ServerSessionH1::Afterwards> ServerSessionH1::open_tunnel(Exchange& exchange, Answer answer, Delivery& delivery) {
  HeadBuffer out(shard_.compose_buffer().first(limits::composed_head_bytes));
  write_response_head(out, answer.head, version_, Persistence::keep_alive, shard_.date());
  delivery.status = answer.head.status;
  head_sent_ = true;
  shard_.reactor.timers().disarm(*this);
  if (const Result<void> sent = co_await stream_.send(out.written(), exchange.snapshot->timeouts.client_write); !sent) {
    delivery.error = exchange.arena.make<Error>(sent.error());
    co_return Afterwards::abort;
  }
  StreamDuplex client(stream_, inbox_);
  co_await carry_tunnel(exchange, client, *answer.tunnel, delivery).under(*region_);
  co_return Afterwards::close;
}

Task<Result<void>> ServerSessionH1::interim(const ResponseHead& head) {
  if (head.status == 100) {
    if (!continue_owed_) co_return Result<void>{};  // the client did not ask, or has begun to send already
    continue_owed_ = false;
  }
  if (version_ == Version::http_1_0 || head_sent_) co_return Result<void>{};
  HeadBuffer out(shard_.compose_buffer().first(limits::composed_head_bytes));
  write_response_head(out, head, version_, Persistence::keep_alive, {});
  interim_.begin();
  const Result<void> sent = co_await stream_.send(out.written(), context_.pin()->timeouts.client_write);
  interim_.end(shard_.reactor, sent.has_value());
  co_return sent;
}

Task<void> ServerSessionH1::interim_over() {
  co_await PendingInterim::Over(shard_.reactor, interim_);
  interim_.give_up();
}

void ServerSessionH1::limit_time(Time deadline) {
  shard_.reactor.timers().arm(*this, deadline);
}

void ServerSessionH1::fire(Time) {
  if (region_ != nullptr) region_->request(gateway_error(Code::request_timeout));
}

// The client can no longer be written to: nobody waits for this answer any more.
void ServerSessionH1::on_activity(bool gone) {
  if (gone && region_ != nullptr) region_->request(client_error(Code::peer_reset));
}

}  // namespace weir::h1
