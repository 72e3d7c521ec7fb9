// Requests that are sent to a made-up upstream, one after another, and what became of each.
#pragma once

#include "upstream/attempt.h"
#include "upstream/no_client.h"
#include "upstream/upstream_test_support.h"

namespace weir::upstream_test {

class Turns final : public Balancer {
 public:
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override {
    for (std::uint32_t step = 0; step < facts.endpoints.size(); ++step) {
      const auto at = static_cast<std::uint32_t>((facts.turn + step) % facts.endpoints.size());
      if (facts.may_pick(at)) return Pick{.endpoint = at, .reason = "turn"};
    }
    return {};
  }
  [[nodiscard]] std::string_view name() const override { return "turns"; }
};

/// One request and what became of it.
struct Trial {
  Trial(Shard& shard, Method method)
      : exchange(shard, connection, SnapshotPin(*new ShardSnapshot(std::make_shared<Snapshot>(), [](auto) {})), host),
        scope(shard.reactor) {
    exchange.request.method = method;
    exchange.request.method_text = "any";
  }
  ~Trial() {
    result.reset();
    exchange.finish({});
  }
  void with_body(std::string_view bytes) { exchange.request_body = BodyPointer(exchange.arena.make<FixedBody>(bytes)); }
  [[nodiscard]] std::string story() const {
    std::string text;
    for (const DecisionRecord* record = exchange.first_record(); record != nullptr; record = record->next) {
      text += (text.empty() ? "" : " ") + std::string(record->room) + ":" + std::string(record->verdict);
    }
    return text;
  }

  ConnectionFacts connection;
  NoClient host;
  Exchange exchange;
  Scope scope;
  std::optional<Result<Answer>> result;
};

inline Task<void> send(const Cluster& cluster, Trial& trial) {
  trial.result.emplace(co_await send_to(cluster, trial.exchange, trial.exchange.request));
}

class AttemptTest : public UpstreamTest {
 protected:
  std::unique_ptr<Cluster> cluster(const std::vector<std::string>& endpoints, ConnectionLimits limits = {}) {
    ClusterSettings settings;
    settings.name = "shop";
    settings.retries = retries;
    settings.hedge = hedge;
    settings.timeouts = timeouts;
    settings.deadline_field = "x-left-ms";
    for (const std::string& text : endpoints) settings.endpoints.push_back({.endpoint = *parse_endpoint(text)});
    settings.connections = limits;
    settings.balancer = std::make_unique<Turns>();
    settings.protocol = &protocol;
    settings.sticky = sticky;
    return std::make_unique<Cluster>(std::move(settings));
  }
  /// \param cookie  the request's field; empty: none
  std::unique_ptr<Trial> run(const Cluster& cluster, Method method = Method::get, std::string_view body = {},
                             std::string_view cookie = {}) {
    auto trial = std::make_unique<Trial>(shard, method);
    if (!cookie.empty()) trial->exchange.request.fields.append(FieldName::cookie, trial->exchange.arena.copy(cookie));
    if (time_for_all != no_limit) trial->exchange.limit_time(shard.reactor.now() + time_for_all);
    const Time began = shard.reactor.now();
    if (!body.empty()) trial->with_body(body);
    trial->scope.spawn(send(cluster, *trial));
    world.run_until([&] { return trial->result.has_value(); });
    took = shard.reactor.now() - began;
    return trial;
  }
  static Failure stale() { return fail(upstream_error(Code::peer_closed).with(Retry::idempotent)); }

  RetrySettings retries;
  HedgeSettings hedge;
  UpstreamTimeouts timeouts;
  std::shared_ptr<const StickyRule> sticky;
  Duration time_for_all = no_limit;
  Duration took{};  // of the last request

  static Failure unsent() { return fail(upstream_error(Code::peer_reset).with(Retry::unsent)); }
};

}  // namespace weir::upstream_test
