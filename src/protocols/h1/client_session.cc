// The conversation with an upstream, in the order in which it happens.
#include "protocols/h1/client_session.h"

#include "base/fault.h"
#include "base/text.h"
#include "protocols/h1/head_parser.h"
#include "protocols/h1/head_writer.h"

namespace weir::h1 {

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
    if (given_up()) co_return fail(*session_->given_up());
    // The reset that broke the upload may have been reported there: the end that is read afterwards is no end.
    const bool doubtful = ends_with_connection_ && session_ != nullptr && session_->upload_error_;
    if (piece && piece->end && doubtful) co_return fail(*session_->upload_error_);
    co_return piece;
  }
  std::optional<Result<Piece>> try_read() override {
    if (given_up()) [[unlikely]]
      return fail(*session_->given_up());
    return reader_.try_next();
  }
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return reader_.remaining(); }

 private:
  /// An answer that has come whole is given whole.
  [[nodiscard]] bool given_up() const { return session_ != nullptr && session_->given_up() && !reader_.ended(); }
  void leave() {
    ClientSessionH1* session = std::exchange(session_, nullptr);
    if (session != nullptr) session->let_go_of_answer(reader_.ended());
  }

  ClientSessionH1* session_;
  BodyReader reader_;
  Duration idle_;
  bool ends_with_connection_;
};

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
    Result<Heard> heard = hear_head(exchange, head, answer.head);
    if (inbox_.empty() && heard && *heard == Heard::part && !upload_error_) {
      // Nearly every head is the first thing to come and comes whole: it is read without a coroutine of its own.
      const auto bytes = co_await stream_->receive(first_byte_left(timeouts));
      outcome = take_received(bytes, timeouts);
      if (outcome) heard = hear_head(exchange, head, answer.head);
    }
    if (outcome && !heard) outcome = fail(heard.error());
    if (outcome && *heard != Heard::last) outcome = co_await read_head(exchange, head, answer.head, timeouts, *heard);
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

/// Reads the head that has arrived, if it has wholly.
Result<ClientSessionH1::Heard> ClientSessionH1::hear_head(Exchange& exchange, const RequestHead& request,
                                                          ResponseHead& head) {
  if (inbox_.empty()) return Heard::part;
  TRY(const HeadLength length, parse_response_head(inbox_.unread(), exchange.snapshot->limits, head));
  if (length == 0) return Heard::part;
  const std::span<char> bytes = inbox_.unread().first(length);
  const std::string_view kept = exchange.arena.copy({bytes.data(), bytes.size()});
  rebase(head, bytes, kept.data());
  inbox_.consume(length);
  TRY_VOID(interpret(head, request.method, exchange.arena));
  if (!is_interim(head.status) || fault(Fault::interim_as_final)) return Heard::last;
  if (head.status != 101) return Heard::interim;
  // A switch nobody asked for, or to something else, would make the rest of the connection anybody's guess.
  if (request.upgrade.empty() || !text::equal_ignoring_case(head.upgrade, request.upgrade)) {
    return fail(upstream_error(Code::bad_upgrade));
  }
  return Heard::last;
}

/// What a receive brought that began with nothing unread.
Result<void> ClientSessionH1::take_received(const Result<std::span<char>>& bytes, const UpstreamTimeouts& timeouts) {
  if (bytes) inbox_.take(*bytes);
  const Result<std::size_t> received = bytes ? Result<std::size_t>(bytes->size()) : fail(bytes.error());
  return judge_received(received, !inbox_.empty(), timeouts);
}

// Heads that come in pieces, or behind interim ones.
Task<Result<void>> ClientSessionH1::read_head(Exchange& exchange, const RequestHead& request, ResponseHead& head,
                                              const UpstreamTimeouts& timeouts, Heard heard) {
  const Limits& limits = exchange.snapshot->limits;
  unsigned interim_count = 0;
  while (heard != Heard::last) {
    if (heard == Heard::interim) {
      if (++interim_count > limits::interim_responses) co_return fail(upstream_error(Code::too_many_interim));
      CO_TRY_VOID(co_await exchange.interim(head));
    } else {
      if (upload_error_ && upload_error_->origin != Origin::upstream) co_return fail(*upload_error_);
      if (inbox_.empty()) {
        const auto bytes = co_await stream_->receive(first_byte_left(timeouts));
        CO_TRY_VOID(take_received(bytes, timeouts));
      } else {
        const auto received =
            co_await inbox_.fill_behind(limits.head_bytes + limits.request_line_bytes + 1, first_byte_left(timeouts));
        CO_TRY_VOID(judge_received(received, true, timeouts));
      }
    }
    CO_TRY(heard, hear_head(exchange, request, head));
  }
  co_return Result<void>{};
}

Result<void> ClientSessionH1::attach_content(Exchange& exchange, Answer& answer, const UpstreamTimeouts& timeouts) {
  if (!answer.head.keep_alive) condemn();
  if (answer.head.status == 101) {
    answer.tunnel = std::make_unique<SessionTunnel>(*this);
    return {};
  }
  const Framing framing = answer.head.framing;
  // Where only the end of the connection ends the content, a connection that broke already cannot say that it is whole.
  if (framing.kind == Framing::Kind::until_close && upload_error_) return fail(*upload_error_);
  if (framing.kind == Framing::Kind::none || (framing.kind == Framing::Kind::length && framing.length == 0)) {
    let_go(true);
    return {};
  }
  answer.body = BodyPointer(exchange.arena.make<ResponseBody>(*this, inbox_, framing, exchange, timeouts.idle));
  return {};
}

}  // namespace weir::h1
