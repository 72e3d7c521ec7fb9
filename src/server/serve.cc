// The data path on one screen: begin, find the route, run its chain. What each room does is in its own folder.
#include "server/serve.h"

#include <algorithm>

#include "http/forwarded.h"
#include "http/grpc.h"
#include "http/request_id.h"
#include "route/recorded_route.h"
#include "server/challenge_reply.h"
#include "server/early_request.h"
#include "server/error_reply.h"
#include "server/misdirection.h"
#include "server/server_timing.h"
#include "upstream/deadline.h"

namespace weir {
namespace {

const Gateway& gateway_of(const Exchange& exchange) {
  return static_cast<const Gateway&>(*exchange.snapshot);
}

/// Counts an exchange when it is over and tells the observers.
class Bookkeeper final : public Finisher {
 public:
  explicit Bookkeeper(std::span<Observer* const> observers) : observers_(observers) {}

  void finish(const Exchange& exchange, const Delivery& delivery) override {
    ShardMetrics& metrics = exchange.shard.metrics;
    metrics.requests_in_flight.subtract();
    metrics.requests_by_version[static_cast<std::size_t>(exchange.request.version)].add();
    metrics.bytes_from_clients.add(delivery.request_body_bytes);
    metrics.bytes_to_clients.add(delivery.response_body_bytes);
    metrics.responses_by_class[std::min<unsigned>(delivery.status / 100U, 5)].add();
    if (delivery.error != nullptr) metrics.errors_by_code[static_cast<std::size_t>(delivery.error->code)].add();
    for (Observer* observer : observers_) observer->ended(exchange, delivery);
  }

 private:
  std::span<Observer* const> observers_;
};

void find_who_asks(Exchange& exchange) {
  const Snapshot& snapshot = *exchange.snapshot;
  const bool trusted = !exchange.client.over_unix && contains(snapshot.trusted_proxies, exchange.client.peer);
  if (trusted) {
    exchange.client.address =
        find_client(exchange.client.peer, trusted, exchange.request.fields, snapshot.trusted_proxies);
  }
  const std::string_view given = exchange.request.fields.get(FieldName::x_request_id);
  if (trusted && is_request_id(given)) {
    exchange.request_id = given;
  } else {
    const RequestId id = make_request_id(exchange.shard.reactor.random());
    exchange.request_id = exchange.arena.copy(view_of(id));
  }
}

RouteDecision find_route(Exchange& exchange, const Gateway& gateway) {
  const RouteFacts facts = route_facts(exchange.request, exchange.client, exchange.connection.listener);
  const RouteDecision decision = gateway.router.find(facts);
  const Route* const route = decision.matched() ? gateway.routes[decision.route].get() : nullptr;
  exchange.record(
      {.room = "route",
       .verdict = route != nullptr ? "matched" : "refused",
       .subject = route != nullptr ? std::string_view(route->name) : std::string_view(),
       .reason = name_of(decision.reason),
       .place = route != nullptr ? route->place : Place{},
       .facts = exchange.keeps_facts() ? pack(facts, gateway.router.fields_asked_for(), exchange.arena) : ""});
  return decision;
}

/// What a client of gRPC gives its request (grpc-timeout); no_limit where it does not say, or not in gRPC.
Duration time_of_grpc(const RequestHead& request) {
  if (request.method != Method::post || !is_grpc(request.fields)) return no_limit;
  const Field* const said = request.fields.find("grpc-timeout");
  return said == nullptr ? no_limit : parse_grpc_timeout(said->value).value_or(no_limit);
}

Duration shorter(Duration one, Duration other) {
  if (one < Duration::zero()) return other;
  return other < Duration::zero() ? one : std::min(one, other);
}

void take_route(Exchange& exchange, const Route& route) {
  exchange.route_name = route.name;
  exchange.filters = route.filters_text;
  exchange.upgrade_allowed = !exchange.request.upgrade.empty() && route.allows_upgrade(exchange.request.upgrade);
  exchange.tunnel_idle = route.tunnel_idle;
  exchange.tunnel_age = route.tunnel_age;
  const Duration limit = shorter(route.request_timeout, time_of_grpc(exchange.request));
  if (limit >= Duration::zero()) exchange.limit_time(exchange.timings.head_started + limit);
}

/// The route, and what it does.
Reply follow_route(Exchange& exchange) {
  const Gateway& gateway = gateway_of(exchange);
  const RouteDecision decision = find_route(exchange, gateway);
  // A gateway is no forward proxy: a tunnel is opened by who has a list of them (RFC 9110 section 9.3.6), or by nobody.
  const bool for_tunnel = exchange.request.method == Method::connect;
  if (for_tunnel && !(decision.matched() && gateway.routes[decision.route]->opens_tunnels))
    return refuse(client_error(Code::method_not_supported));
  if (!decision.matched()) return refuse(client_error(Code::no_route));
  const Route& route = *gateway.routes[decision.route];
  take_route(exchange, route);
  return Next(route.filters, *route.service)(exchange);
}

/// A frame of its own, so that only those who ask for Server-Timing pay for one.
Reply with_timing(Exchange& exchange, Reply reply) {
  Result<Answer> answer = co_await std::move(reply);
  if (answer) tell_timing(exchange, answer->head);
  co_return answer;
}

}  // namespace

bool Route::allows_upgrade(std::string_view protocol) const {
  return std::ranges::any_of(upgrades,
                             [&](const std::string& allowed) { return allowed == "any" || allowed == protocol; });
}

RouteFacts route_facts(const RequestHead& request, const ClientAddress& client, std::uint16_t listener) {
  return {.listener = listener,
          .method = request.method,
          .method_text = request.method_text,
          .host = request.host,
          .path = request.path,
          .query = request.query,
          .fields = &request.fields,
          .client = client.address};
}

void Serve::begin(Exchange& exchange) {
  exchange.shard.metrics.requests.add();
  exchange.shard.metrics.requests_in_flight.add();
  exchange.at_end(*exchange.arena.make<Bookkeeper>(observers_));
  find_who_asks(exchange);
}

Reply Serve::handle(Exchange& exchange) {
  const Gateway& gateway = gateway_of(exchange);
  if (gateway.forwarded.via && has_passed(exchange.request.fields, gateway.forwarded.pseudonym)) {
    return refuse(client_error(Code::loop_detected));
  }
  // What CONNECT names is the far end of a tunnel, and nobody's certificate here.
  const bool for_tunnel = exchange.request.method == Method::connect;
  if (exchange.connection.tls != nullptr && !for_tunnel && is_misdirected(exchange))
    return refuse(client_error(Code::misdirected));
  if (is_too_early(exchange)) return refuse(client_error(Code::too_early));
  const bool challenge =
      gateway.challenges != nullptr && may_be_challenge(exchange.request, exchange.connection.tls != nullptr);
  if (challenge) return answer_challenge(exchange, *gateway.challenges, &follow_route);
  Reply reply = follow_route(exchange);
  return gateway.stories.server_timing ? with_timing(exchange, std::move(reply)) : std::move(reply);
}

Answer Serve::error_answer(Exchange& exchange, const Error& error) {
  Answer answer = error_reply(exchange, error);
  tell_timing(exchange, answer.head);
  return answer;
}

}  // namespace weir
