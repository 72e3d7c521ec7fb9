// Counting, choosing, asking.
#include "server/raw_exchange.h"

#include "http/request_id.h"
#include "server/gateway.h"

namespace weir {
namespace {

bool is_of_datagrams(const Exchange& exchange) {
  return exchange.connection.raw == RawProtocol::udp;
}

/// Counts it when it is over and tells the observers.
class Bookkeeper final : public Finisher {
 public:
  explicit Bookkeeper(std::span<Observer* const> observers) : observers_(observers) {}

  void finish(const Exchange& exchange, const Delivery& delivery) override {
    ShardMetrics& metrics = exchange.shard.metrics;
    if (is_of_datagrams(exchange)) {
      metrics.raw.sessions_open.subtract();
    } else {
      metrics.raw.streams_open.subtract();
      metrics.raw.bytes_from_clients.add(delivery.request_body_bytes);
      metrics.raw.bytes_to_clients.add(delivery.response_body_bytes);
    }
    if (delivery.error != nullptr) metrics.errors_by_code[static_cast<std::size_t>(delivery.error->code)].add();
    for (Observer* observer : observers_) observer->ended(exchange, delivery);
  }

 private:
  std::span<Observer* const> observers_;
};

void take_route(Exchange& exchange, const RawVerdict& verdict) {
  const Route* const route = verdict.chosen == nullptr ? nullptr : verdict.chosen->route.get();
  exchange.record({.room = "raw_route",
                   .verdict = route != nullptr ? "matched" : "refused",
                   .subject = route != nullptr ? std::string_view(route->name) : std::string_view(),
                   .reason = verdict.reason,
                   .place = route != nullptr ? route->place : Place{}});
  if (route == nullptr) return;
  exchange.route_name = route->name;
  exchange.filters = route->filters_text;
  exchange.tunnel_idle = route->tunnel_idle;
  exchange.tunnel_age = route->tunnel_age;
}

}  // namespace

void begin_raw(Exchange& exchange, std::string_view server_name, std::span<Observer* const> observers) {
  RawMetrics& metrics = exchange.shard.metrics.raw;
  const bool datagrams = is_of_datagrams(exchange);
  (datagrams ? metrics.sessions : metrics.streams).add();
  (datagrams ? metrics.sessions_open : metrics.streams_open).add();
  exchange.at_end(*exchange.arena.make<Bookkeeper>(observers));
  exchange.request.method_text = exchange.connection.scheme();  // what stories call it
  exchange.request.host = exchange.request.authority = exchange.arena.copy(server_name);
  exchange.timings.head_started = exchange.connection.accepted;
  exchange.timings.head_read = exchange.shard.reactor.now();
  const RequestId id = make_request_id(exchange.shard.reactor.random());
  exchange.request_id = exchange.arena.copy(view_of(id));
}

Result<RawPlace> take_place(const Snapshot& snapshot, std::uint16_t listener) {
  const RawListener* const found = static_cast<const Gateway&>(snapshot).raw_listener_of(listener);
  if (found == nullptr) return fail(gateway_error(Code::no_route));
  if (!found->count->enter(found->connections_max)) return fail(gateway_error(Code::too_many_connections));
  return RawPlace(found->count);
}

Reply open_raw(Exchange& exchange) {
  const auto& gateway = static_cast<const Gateway&>(*exchange.snapshot);
  const RawListener* const listener = gateway.raw_listener_of(exchange.connection.listener);
  if (listener == nullptr) co_return fail(gateway_error(Code::no_route));  // a reload has taken it away meanwhile
  const RawVerdict verdict = listener->routes.find(exchange.request.host);
  take_route(exchange, verdict);
  if (verdict.chosen == nullptr) co_return fail(client_error(Code::no_route));
  const Route& route = *verdict.chosen->route;
  CO_TRY(Answer answer, co_await Next(route.filters, *route.service)(exchange));
  // Filters may answer by themselves: there is nobody here who could read that.
  if (answer.tunnel == nullptr) co_return fail(gateway_error(Code::access_denied));
  co_return answer;
}

}  // namespace weir
