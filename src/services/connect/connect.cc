// By name, by address, and then bytes.
#include "services/connect/connect.h"

#include <fmt/format.h>

#include "net/connect_race.h"
#include "server/error_reply.h"
#include "upstream/alarm.h"
#include "upstream/stream_duplex.h"

namespace weir {
namespace {

constexpr Error not_on_list =
    client_error(Code::destination_refused, "the destination is not on the list of this route");
constexpr Error port_refused =
    client_error(Code::destination_refused, "this port is not on the list for the destination");
constexpr Error private_refused =
    client_error(Code::destination_refused,
                 "the destination has only addresses of private networks, which the route does not allow");

/// The destination's end.
class Destination final : public Duplex {
 public:
  explicit Destination(std::unique_ptr<Stream> stream)
      : stream_(std::move(stream)), inbox_(*stream_), bytes_(*stream_, inbox_) {}

  Task<Result<std::string_view>> receive(Duration timeout) override { return bytes_.receive(timeout); }
  Task<Result<void>> send(std::string_view bytes, Duration timeout) override { return bytes_.send(bytes, timeout); }
  void finish_sending() override { bytes_.finish_sending(); }
  void cut() override { bytes_.cut(); }

 private:
  std::unique_ptr<Stream> stream_;
  Inbox inbox_;
  StreamDuplex bytes_;
};

Error refusal_for(const DestinationVerdict& verdict) {
  if (verdict.reason == "private") return private_refused;
  return verdict.reason == "port_not_allowed" ? port_refused : not_on_list;
}

void record(Exchange& exchange, const DestinationVerdict& verdict, std::string_view subject) {
  exchange.record({.room = "connect",
                   .verdict = verdict.allowed ? "allowed" : "refused",
                   .subject = subject,
                   .reason = verdict.reason,
                   .place = verdict.place});
}

}  // namespace

bool Connect::may_lead_to(Exchange& exchange, const IpAddress& address, std::uint16_t port) const {
  const DestinationVerdict verdict = decide_address(rules_, exchange.request.host, port, address);
  if (!verdict.allowed) record(exchange, verdict, exchange.arena.copy(address.text()));
  return verdict.allowed;
}

// For as long as its caller has patience.
Task<Result<std::unique_ptr<Stream>>> Connect::reach(Exchange& exchange, const Endpoint& destination) const {
  Reactor& reactor = exchange.shard.reactor;
  CO_TRY(const ResolvedAddresses resolved, co_await exchange.shard.resolver.resolve(reactor, destination));
  std::vector<SocketAddress> addresses;
  for (const ResolvedAddress& each : resolved.addresses) {
    const SocketAddress& address = each.address.address;
    if (may_lead_to(exchange, IpAddress::of(address), destination.port)) addresses.push_back(address);
  }
  if (addresses.empty())
    co_return fail(resolved.addresses.empty() ? upstream_error(Code::resolve_failed) : private_refused);
  addresses = interleaved(addresses);
  exchange.attempts = 1;
  co_return co_await connect_first(reactor, addresses, no_limit, limits::connection_attempt_delay);
}

Reply Connect::handle(Exchange& exchange) const {
  if (exchange.request.method != Method::connect) co_return fail(client_error(Code::method_not_supported));
  const Result<Endpoint> destination = parse_endpoint(exchange.request.authority);
  if (!destination || destination->is_unix() || destination->host.empty() || destination->port == 0)
    co_return fail(client_error(Code::bad_target));
  const DestinationVerdict verdict = decide_destination(rules_, exchange.request.host, destination->port);
  record(exchange, verdict, exchange.request.authority);
  if (!verdict.allowed) co_return fail(refusal_for(verdict));

  Reactor& reactor = exchange.shard.reactor;
  CancellationRegion region(co_await current_cancellation{});
  const Alarm alarm(reactor, region.inner(), timeout_, upstream_error(Code::connect_timeout));
  CO_TRY(std::unique_ptr<Stream> stream, co_await reach(exchange, *destination).under(region.inner()));
  exchange.timings.upstream_leased = exchange.timings.upstream_sent = reactor.now();
  exchange.upstream_endpoint = exchange.arena.copy(text_of(stream->remote_address()));
  Answer answer(exchange.arena);
  answer.head.status = 200;
  answer.tunnel = std::make_unique<Destination>(std::move(stream));
  co_return answer;
}

Effect Connect::rehearse(ImaginedRequest& imagined) const {
  if (imagined.head.method != Method::connect) {
    return {.text = "answers 405: only CONNECT is served here",
            .answers = true,
            .status = status_of(client_error(Code::method_not_supported))};
  }
  const Result<Endpoint> destination = parse_endpoint(imagined.head.authority);
  const DestinationVerdict verdict =
      destination ? decide_destination(rules_, imagined.head.host, destination->port) : DestinationVerdict{};
  if (!verdict.allowed) {
    return {.text = fmt::format("refuses a tunnel to {}: {}", imagined.head.authority, verdict.reason),
            .answers = true,
            .status = status_of(not_on_list)};
  }
  return {.text = fmt::format("opens a tunnel to {}, where it has an address that is allowed", imagined.head.authority),
          .answers = true};
}

}  // namespace weir
