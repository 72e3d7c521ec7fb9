// Its own exchange, its own clock, its answer as a whole.
#include "upstream/subrequest.h"

#include "upstream/alarm.h"
#include "upstream/attempt.h"
#include "upstream/forwarding.h"

namespace weir {
namespace {

/// The rest of a body as one text in the arena.
Task<Result<std::string_view>> read_whole(Body& body, ByteCount bytes_max, Arena& arena) {
  std::string whole;
  while (true) {
    CO_TRY(const Piece piece, co_await body.read());
    if (whole.size() + piece.bytes.size() > bytes_max) {
      co_return fail(upstream_error(Code::body_too_large, "the answer to a request of our own is longer than is read"));
    }
    whole += piece.bytes;
    if (piece.end) co_return arena.copy(whole);
  }
}

}  // namespace

Subrequest::Subrequest(Exchange& served) : exchange_(served.shard, served.connection, served.snapshot.again(), *this) {
  exchange_.client = served.client;
  exchange_.request_id = served.request_id;
  exchange_.route_name = served.route_name;
  exchange_.timings.head_started = exchange_.timings.head_read = served.shard.reactor.now();
}

Subrequest::~Subrequest() {
  answer_.reset();
  const bool complete = exchange_.timings.response_head != Time{};
  exchange_.finish({.complete = complete});
}

RequestHead& Subrequest::compose(const RequestHead& chosen) {
  return *exchange_.arena.make<RequestHead>(compose_upstream_head(chosen, exchange_, exchange_.arena, false));
}

Task<Result<Fetched>> Subrequest::fetch(const Cluster& cluster, const RequestHead& head, FetchLimits limits) {
  CancellationRegion region(co_await current_cancellation{});
  Result<Fetched> fetched = fail(gateway_error(Code::internal));
  {
    Reactor& reactor = exchange_.shard.reactor;
    exchange_.limit_time(deadline_after(reactor.now(), limits.timeout));
    const Alarm alarm(reactor, region.inner(), limits.timeout, upstream_error(Code::first_byte_timeout));
    fetched = co_await converse(cluster, head, limits.body_bytes).under(region.inner());
  }
  if (answer_) answer_->body.reset();
  exchange_.scope.cancel(gateway_error(Code::canceled));
  co_await exchange_.scope.join();
  co_return fetched;
}

Task<Result<Fetched>> Subrequest::converse(const Cluster& cluster, const RequestHead& head, ByteCount body_bytes_max) {
  CO_TRY(Answer answer, co_await send_to(cluster, exchange_, head));
  answer_.emplace(std::move(answer));
  std::string_view body;
  if (answer_->body != nullptr) {
    CO_TRY(body, co_await read_whole(*answer_->body, body_bytes_max, exchange_.arena));
  }
  co_return Fetched{.head = &answer_->head, .body = body};
}

}  // namespace weir
