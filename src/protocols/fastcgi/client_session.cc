// The conversation with an application, in the order in which it happens.
#include "protocols/fastcgi/client_session.h"

#include <algorithm>

#include "protocols/fastcgi/cgi_head.h"

namespace weir::fastcgi {

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
      if (received->empty()) co_return close_without_end();
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
      *left_ -= bytes.size();
      const bool too_short = over && *left_ > 0;
      wrong_length_ = wrong_length_ || too_short || bytes.size() < (*output)->size();
      if (too_short) return fail(upstream_error(Code::body_cut_short, "less than its Content-Length"));
    }
    ended_ = over || left_ == ByteCount{0};
    if (over) session_->note_application_status(exchange_);
    return Piece{.bytes = bytes, .end = ended_};
  }

  [[nodiscard]] std::optional<ByteCount> remaining() const override {
    return ended_ ? std::optional<ByteCount>(0) : left_;
  }

 private:
  Result<Piece> close_without_end() {
    if (!fault(Fault::end_request_not_awaited)) {
      return fail(upstream_error(Code::body_cut_short, "closed without END_REQUEST"));
    }
    ended_ = true;
    return Piece{.bytes = {}, .end = true};
  }
  void leave() {
    ClientSessionFastcgi* session = std::exchange(session_, nullptr);
    if (session != nullptr) session->let_go_of_answer(session->output_.ended() && !wrong_length_);
  }

  ClientSessionFastcgi* session_;
  Exchange& exchange_;
  Duration idle_;
  std::optional<ByteCount> left_;
  bool wrong_length_ = false;  // the application counts wrongly: what else it says is doubtful
  bool ended_ = false;
};

Reply ClientSessionFastcgi::send(Exchange& exchange, const RequestHead& head, Body* body,
                                 const UpstreamTimeouts& timeouts, Lease lease) {
  begin(std::move(lease));
  output_.begin(exchange);
  Answer answer(exchange.arena);
  Result<void> outcome = co_await send_request(exchange, head, body, timeouts);
  if (outcome) {
    exchange.timings.upstream_sent = shard_.reactor.now();
    outcome = co_await read_head(exchange, head.method, answer.head, timeouts);
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

// The variables, and the end of the content with them when there is none.
Task<Result<void>> ClientSessionFastcgi::send_request(Exchange& exchange, const RequestHead& head, Body* body,
                                                      const UpstreamTimeouts& timeouts) {
  const bool has_content = body != nullptr && head.framing.kind != Framing::Kind::none;
  RequestWriter out(shard_.compose_buffer().first(limits::composed_head_bytes));
  out.begin();
  for (const CgiVariable& variable : head.cgi_variables) out.variable(variable.name, variable.value);
  out.end_variables();
  if (!has_content) out.input({});
  if (out.overflowed()) co_return fail(client_error(Code::head_too_large, "the request makes too large variables"));
  InputWriter writer(*stream_, head.framing.length, timeouts.idle);
  if (has_content) co_return co_await send_with_body(exchange, writer, out.written(), *body);
  const Result<void> sent = co_await writer.send_head(out.written());
  // The application may have answered and closed: its answer is read before anything fails.
  if (!sent) upload_failed(sent.error());
  co_return Result<void>{};
}

Task<Result<void>> ClientSessionFastcgi::read_head(Exchange& exchange, Method method, ResponseHead& head,
                                                   const UpstreamTimeouts& timeouts) {
  head_text_.clear();
  while (true) {
    const auto output = output_.peek();
    if (!output) {
      if (upload_error_ && upload_error_->origin != Origin::upstream) co_return fail(*upload_error_);
      const auto bytes = co_await stream_->receive(first_byte_left(timeouts));
      if (bytes) inbox_.take(*bytes);
      const Result<std::size_t> received = bytes ? Result<std::size_t>(bytes->size()) : fail(bytes.error());
      CO_TRY_VOID(judge_received(received, !head_text_.empty(), timeouts));
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

Result<void> ClientSessionFastcgi::attach_content(Exchange& exchange, Answer& answer,
                                                  const UpstreamTimeouts& timeouts) {
  const Framing framing = answer.head.framing;
  if (framing.kind == Framing::Kind::none || (framing.kind == Framing::Kind::length && framing.length == 0)) {
    // Usually the end came with the head. Nobody waits for it otherwise: the connection goes.
    const auto output = output_.take_all();
    if (output && !*output) return fail((*output).error());
    if (output_.ended()) note_application_status(exchange);
    let_go(output_.ended());
    return {};
  }
  answer.body = BodyPointer(exchange.arena.make<OutputBody>(*this, framing, exchange, timeouts.idle));
  return {};
}

// A script that failed behind its head, for those who ask later; its output stands as it is.
void ClientSessionFastcgi::note_application_status(Exchange& exchange) const {
  const std::uint32_t application_status = output_.records().application_status();
  if (application_status == 0) return;
  exchange.record({.room = "fastcgi",
                   .verdict = "failed",
                   .subject = exchange.upstream_endpoint,
                   .reason = "application_status_not_zero",
                   .place = {}},
                  application_status);
}

}  // namespace weir::fastcgi
