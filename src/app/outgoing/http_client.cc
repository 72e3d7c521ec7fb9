// Find, connect, prove, ask, read.
#include "app/outgoing/http_client.h"

#include <algorithm>

#include "app/commands/version.h"
#include "base/text.h"
#include "contracts/exchange.h"
#include "contracts/session.h"
#include "net/connect_race.h"
#include "net/tls/handshake.h"
#include "protocols/h1/protocol.h"
#include "upstream/alarm.h"
#include "upstream/no_client.h"

namespace weir {
namespace {

/// The connection serves one exchange: whether it could serve another is of no interest.
class NoPool final : public LeaseOwner {
 public:
  void give_back(ClientSession&, bool) override {}
};

/// What an exchange runs under that no configuration knows of.
SnapshotPin no_configuration() {
  static const auto none = [] {
    auto made = std::make_shared<Snapshot>();
    made->stories.memory_bytes = 0;
    return made;
  }();
  return SnapshotPin(*new ShardSnapshot(none, [](const std::shared_ptr<const Snapshot>&) {}));
}

RequestHead& head_of(const OutgoingRequest& request, Arena& arena) {
  RequestHead& head = *arena.make<RequestHead>(arena);
  head.method = request.method;
  head.method_text = request.method == Method::post ? "POST" : request.method == Method::head ? "HEAD" : "GET";
  head.authority = arena.copy(request.url.authority());
  aim(head, request.url.target);
  if (request.method == Method::post) head.framing = {.kind = Framing::Kind::length, .length = request.body.size()};
  head.fields.append("user-agent", arena.join("weir/", version));
  for (const auto& [name, value] : request.fields) head.fields.append(name, value);
  return head;
}

Task<Result<OutgoingAnswer>> read_answer(Answer& answer, ByteCount bytes_max) {
  OutgoingAnswer read{.status = answer.head.status};
  for (const Field& field : answer.head.fields) read.fields.emplace_back(text::to_lower(field.name), field.value);
  while (answer.body != nullptr) {
    CO_TRY(const Piece piece, co_await answer.body->read());
    if (read.body.size() + piece.bytes.size() > bytes_max) {
      co_return fail(upstream_error(Code::body_too_large, "the answer to a request of our own is longer than is read"));
    }
    read.body += piece.bytes;
    if (piece.end) break;
  }
  co_return read;
}

Task<Result<OutgoingAnswer>> send(Exchange& exchange, ClientSession& session, const OutgoingRequest& request,
                                  LeaseOwner& owner) {
  FixedBody content(request.body);
  Body* const body = request.body.empty() ? nullptr : &content;
  const UpstreamTimeouts timeouts{.first_byte = no_limit, .idle = no_limit};  // the time for all of it is what counts
  const RequestHead& head = head_of(request, exchange.arena);
  Result<OutgoingAnswer> read = fail(gateway_error(Code::internal));
  {
    auto answer = co_await session.send(exchange, head, body, timeouts, Lease(owner, session));
    read = answer ? co_await read_answer(*answer, request.answer_bytes_max) : fail(answer.error());
  }
  // What is left of an upload reads `content`.
  exchange.scope.cancel(gateway_error(Code::canceled));
  co_await exchange.scope.join();
  co_return read;
}

Task<Result<OutgoingAnswer>> exchange_over(Shard& shard, std::unique_ptr<Stream> stream,
                                           const OutgoingRequest& request) {
  NoClient client;
  NoPool owner;
  const std::unique_ptr<ClientSession> session = h1::session_on(shard, std::move(stream), nullptr);
  Exchange exchange(shard, no_connection(), no_configuration(), client);
  const Result<OutgoingAnswer> read = co_await send(exchange, *session, request, owner);
  exchange.finish({.complete = read.has_value()});
  co_return read;
}

Task<Result<std::unique_ptr<Stream>>> reach(Shard& shard, const OutgoingRequest& request) {
  CO_TRY(const ResolvedAddresses found, co_await shard.resolver.resolve(shard.reactor, request.url.server));
  std::vector<SocketAddress> addresses;
  for (const ResolvedAddress& each : found.addresses) addresses.push_back(each.address.address);
  if (addresses.empty()) co_return fail(upstream_error(Code::resolve_failed));
  addresses = interleaved(addresses);
  co_return co_await connect_first(shard.reactor, addresses, request.timeout, limits::connection_attempt_delay);
}

Task<Result<OutgoingAnswer>> converse(Shard& shard, const OutgoingRequest& request, const tls::ClientContext* context) {
  if (request.url.secured && context == nullptr) co_return fail(gateway_error(Code::tls_failed, "nobody is trusted"));
  CO_TRY(std::unique_ptr<Stream> stream, co_await reach(shard, request));
  if (request.url.secured) {
    tls::Failure why{};
    auto engine = context->connect(shard.tls_bench, nullptr, request.url.server.host);
    CO_TRY_VOID(co_await tls::shake_hands(*stream, std::move(engine), request.timeout, why));
  }
  co_return co_await exchange_over(shard, std::move(stream), request);
}

}  // namespace

std::string_view OutgoingAnswer::field(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &OutgoingFields::value_type::first);
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

Task<Result<OutgoingAnswer>> ask(Shard& shard, OutgoingRequest request,
                                 std::shared_ptr<const tls::ClientContext> context) {
  CancellationRegion region(co_await current_cancellation{});
  const Alarm alarm(shard.reactor, region.inner(), request.timeout, upstream_error(Code::request_timeout));
  co_return co_await converse(shard, request, context.get()).under(region.inner());
}

}  // namespace weir
