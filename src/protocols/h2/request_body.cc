// Pulling, and what is refused while it flows.
#include "protocols/h2/request_body.h"

namespace weir::h2 {

RequestBody::RequestBody(Channel& channel, Exchange& exchange, bool& continue_owed)
    : channel_(channel),
      exchange_(exchange),
      continue_owed_(continue_owed),
      timeouts_(exchange.snapshot->timeouts),
      body_bytes_max_(exchange.snapshot->limits.body_bytes),
      rate_(timeouts_) {}

std::optional<ByteCount> RequestBody::remaining() const {
  const std::optional<ByteCount> declared = channel_.declared();
  return declared ? std::optional<ByteCount>(*declared - bytes_read_) : std::nullopt;
}

Task<Result<Piece>> RequestBody::read() {
  if (continue_owed_ && !exchange_.expectation_forwarded) {
    ResponseHead go_on(exchange_.arena);
    go_on.status = 100;
    CO_TRY_VOID(co_await exchange_.interim(go_on));
  }
  const Reactor& reactor = exchange_.shard.reactor;
  while (true) {
    if (auto piece = try_read()) co_return *piece;
    if (rate_.too_slow(bytes_read_)) {
      co_return fail(client_error(Code::client_body_timeout, "the content arrives too slowly"));
    }
    const Time waits_since = reactor.now();
    const Result<void> arrived = co_await channel_.arrival(timeouts_.client_body);
    rate_.waited(reactor.now() - waits_since);
    if (arrived) continue;
    const Error error = arrived.error();
    co_return fail(error.code == Code::timed_out ? client_error(Code::client_body_timeout) : error);
  }
}

std::optional<Result<Piece>> RequestBody::try_read() {
  auto piece = channel_.try_read();
  if (!piece || !*piece) return piece;
  continue_owed_ = false;
  bytes_read_ += (*piece)->bytes.size();
  if (bytes_read_ > body_bytes_max_) return fail(client_error(Code::body_too_large));
  return piece;
}

}  // namespace weir::h2
