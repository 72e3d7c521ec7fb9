// Pulling, and what is refused while it flows.
#include "protocols/h1/request_body.h"

namespace weir::h1 {

RequestBody::RequestBody(Inbox& inbox, Exchange& exchange, bool& continue_owed)
    : exchange_(exchange),
      continue_owed_(continue_owed),
      timeouts_(exchange.snapshot->timeouts),
      body_bytes_max_(exchange.snapshot->limits.body_bytes),
      rate_(timeouts_),
      reader_(inbox, exchange.request.framing, exchange.snapshot->limits, Origin::client, Code::client_body_timeout,
              exchange.arena) {}

Task<Result<Piece>> RequestBody::read() {
  if (continue_owed_ && !exchange_.expectation_forwarded) {
    ResponseHead go_on(exchange_.arena);
    go_on.status = 100;
    CO_TRY_VOID(co_await exchange_.interim(go_on));
  }
  if (auto ready = try_read()) co_return *ready;
  const Reactor& reactor = exchange_.shard.reactor;
  const Time waits_since = reactor.now();
  const Result<Piece> piece = co_await reader_.next(timeouts_.client_body);
  rate_.waited(reactor.now() - waits_since);
  if (piece && !piece->end && rate_.too_slow(reader_.bytes_read())) {
    co_return refuse(client_error(Code::client_body_timeout, "the content arrives too slowly"));
  }
  co_return measured(piece);
}

std::optional<Result<Piece>> RequestBody::try_read() {
  auto piece = reader_.try_next();
  if (!piece) return {};
  continue_owed_ = false;
  return measured(*piece);
}

// What was declared has been measured with the head; what is chunked is measured as it flows.
Result<Piece> RequestBody::measured(Result<Piece> piece) {
  if (piece && reader_.bytes_read() > body_bytes_max_) return refuse(client_error(Code::body_too_large));
  return piece;
}

Result<Piece> RequestBody::refuse(Error error) {
  refused_ = true;
  return fail(error);
}

}  // namespace weir::h1
