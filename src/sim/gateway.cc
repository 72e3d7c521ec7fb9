// Starting, reloading, draining and ending a gateway, and looking for what it left behind.
#include "sim/gateway.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/protocols.h"
#include "sim/rehearsal.h"

namespace weir::sim {
namespace {

using namespace std::chrono_literals;

// Timeouts are short against the patience of clients, and long against everything that is planned to succeed.
constexpr std::string_view configuration_text = R"(
workers: {9}
listeners:
  - {{ name: web, address: "10.0.0.1:80" }}
  - {{ name: behind, address: "10.0.0.1:81", proxy_protocol: [127.0.0.0/8] }}
limits: {{ requests_per_connection: {3}, streams_per_connection: {10} }}
timeouts: {{ connection_age: {4}, client_head: 10s, client_body: 3s, client_write: 5s, keep_alive: 20s, linger: 2s,
             tunnel_idle: 20s, drain: 30s }}
upstreams:
  shop:
    endpoints: [{0}]
    timeouts: {{ connect: 1s, first_byte: 4s, idle: 4s, queue: 60s, attempt: {7} }}
    connections: {{ max: {1}, idle_max: {1}, idle_timeout: 500ms, queue: 1000 }}{8}{11}
  app:
    protocol: fastcgi
    endpoints: [{6}]
    timeouts: {{ connect: 1s, first_byte: 4s, idle: 4s, queue: 60s }}
    connections: {{ max: {1}, idle_max: {1}, idle_timeout: 500ms, queue: 1000 }}
defaults:
  filters: [ headers: {{ response: {{ set: {{ x-generation: "{2}" }} }} }} ]
routes:
  - {{ match: {{ path: /shop/* }}, proxy: shop }}
  - {{ match: {{ path: /tunnel/* }}, upgrade: [websocket], proxy: shop }}
  - {{ match: {{ path: /deadline/* }}, timeouts: {{ request: 300ms }}, proxy: shop }}
  - {{ match: {{ path: /limited/* }}, filters: [ {{ body_limit: {5}B }} ], proxy: shop }}
  - {{ match: {{ path: /app/* }}, fastcgi: {{ to: app, hold: 1MiB }} }}
  - {{ match: {{ path: /local/* }}, respond: {{ status: 200, body: "here" }} }}
)";

SocketAddress address_of(std::string_view text) {
  return *socket_address(*parse_endpoint(text));
}
std::string origin_name(unsigned origin) {
  return fmt::format("origin-{}.test", origin);
}
std::string application_name(unsigned origin) {
  return fmt::format("application-{}.test", origin);
}

/// The options of an upstream whose requests are tried again and hedged.
std::string resilience_text(const ResiliencePlan& plan) {
  std::string text = "\n    outliers: on";
  text += fmt::format("\n    retries: {{ statuses: [503], budget: {{ share: {}%, per_second_min: {} }} }}", plan.share,
                      plan.per_second_min);
  if (plan.hedge_after)
    text +=
        fmt::format("\n    hedge: {{ after: {}ms, budget: {}% }}", plan.hedge_after->count() / 1'000'000, plan.share);
  return text;
}

std::string_view introduction_text(Introduced introduced) {
  switch (introduced) {
    case Introduced::no:
      return "";
    case Introduced::v1:
      return "\n    proxy_protocol: v1";
    case Introduced::v2:
      return "\n    proxy_protocol: v2";
  }
  return "";
}

void add_endpoint(std::string& list, const std::string& address) {
  list += (list.empty() ? "\"" : ", \"") + address + "\"";
}

}  // namespace

void SimExecutor::run(Job job) {
  const Duration takes{network_.random().below(1'000'000)};
  network_.at(network_.now() + takes, std::move(job));
}

Task<Result<ResolvedAddresses>> SimResolver::resolve(Reactor& reactor, const Endpoint& endpoint) {
  if (auto literal = literal_addresses(endpoint)) co_return std::move(*literal);
  if (const auto slept = co_await Sleep(reactor, Duration{network_.random().below(2'000'000)}); !slept)
    co_return fail(slept.error());
  const auto [first, last] = names_.equal_range(endpoint.host);
  if (first == last || !known_) co_return fail(upstream_error(Code::resolve_failed).with(Retry::unsent));
  ResolvedAddresses found;
  for (auto at = first; at != last; ++at) found.addresses.push_back({.address = {at->second}});
  co_return found;
}

// ---- the witness

class Witness::Mark final : public Finisher {
 public:
  Mark(Witness& witness, std::size_t number, const Snapshot* snapshot)
      : witness_(witness), number_(number), snapshot_(snapshot) {}
  void finish(const Exchange& exchange, const Delivery&) override {
    ++witness_.finished_[number_];
    if (snapshot_ != nullptr && witness_.finished_[number_] == 1) --witness_.users_[{&exchange.shard, snapshot_}];
  }

 private:
  Witness& witness_;
  std::size_t number_;
  const Snapshot* snapshot_;
};

void Witness::begin(Exchange& exchange) {
  serve_.begin(exchange);
  // A tunnel lets its configuration go before it ends.
  const Snapshot* snapshot = exchange.request.upgrade.empty() ? &*exchange.snapshot : nullptr;
  if (snapshot != nullptr) ++users_[{&exchange.shard, snapshot}];
  exchange.at_end(*exchange.arena.make<Mark>(*this, finished_.size(), snapshot));
  finished_.push_back(0);
}

void Witness::given_back(const Shard& shard, const Snapshot& snapshot) {
  const unsigned users = users_[{&shard, &snapshot}];
  if (users > 0) ledger_.violation("pins", fmt::format("a configuration was given back under {} requests", users));
}

void Witness::check_ended() {
  for (const unsigned times : finished_) {
    if (times != 1) ledger_.violation("finishers", fmt::format("the finishers of an exchange ran {} times", times));
  }
}

// ---- the gateway

struct SimGateway::Core {
  Core(SimNetwork& network, unsigned number, std::uint64_t seed, Executor& executor, Resolver& resolver,
       const ShardServer::Parts& parts)
      : io(network), shard(number, io, seed, executor, resolver), server(shard, parts), root(shard.reactor) {}

  SimIo io;
  Shard shard;
  ShardServer server;
  Scope root;
};

Doors SimGateway::doors() {
  return {.web = address_of("10.0.0.1:80"), .behind_sender = address_of("10.0.0.1:81")};
}
SocketAddress SimGateway::origin_address(unsigned origin) {
  return address_of(fmt::format("10.0.1.{}:80", origin + 1));
}
SocketAddress SimGateway::application_address(unsigned origin) {
  return address_of(fmt::format("10.0.2.{}:9000", origin + 1));
}

SimGateway::SimGateway(SimNetwork& network, SimWorld& world, Ledger& ledger, const WorldPlan& plan)
    : network_(network),
      world_(world),
      ledger_(ledger),
      plan_(plan),
      executor_(network),
      resolver_(network),
      witness_(ledger) {
  unsigned silent_addresses = 0;
  for (unsigned origin = 0; origin < plan.origins; ++origin) {
    resolver_.add(origin_name(origin), origin_address(origin));
    resolver_.add(application_name(origin), application_address(origin));
    if (!plan.silent_family) continue;
    for (const auto& name : {origin_name(origin), application_name(origin)}) {
      const SocketAddress silent = address_of(fmt::format("[2001:db8::{}]:80", ++silent_addresses));
      network.faults_at(silent).hang_connect = 1;
      resolver_.add(name, silent);
    }
  }
}

SimGateway::~SimGateway() = default;

std::shared_ptr<const Gateway> SimGateway::compile(const ConfigurationPlan& configuration) {
  std::string endpoints;
  std::string applications;
  for (const unsigned origin : configuration.origins) {
    const bool by_name = plan_.origins_by_name;
    add_endpoint(endpoints, by_name ? origin_name(origin) + ":80" : fmt::format("10.0.1.{}:80", origin + 1));
    add_endpoint(applications,
                 by_name ? application_name(origin) + ":9000" : fmt::format("10.0.2.{}:9000", origin + 1));
  }
  const std::string age = plan_.connection_age ? fmt::format("{}us", plan_.connection_age->count() / 1000) : "none";
  const std::optional<ResiliencePlan>& tries = plan_.resilience;
  const std::string attempt = plan_.rehearsal ? "500ms"
                              : tries && tries->attempt_timeout
                                  ? fmt::format("{}ms", tries->attempt_timeout->count() / 1'000'000)
                                  : "none";
  const std::string more = plan_.rehearsal ? rehearsed_options(plan_) : tries ? resilience_text(*tries) : "";
  source_.files["weir.yaml"] =
      fmt::format(configuration_text, endpoints, plan_.connections_max, ++generation_, plan_.requests_per_connection,
                  age, upload_limit, applications, attempt, more, plan_.shards, plan_.streams_per_connection,
                  introduction_text(plan_.introduced));
  Diagnostics diagnostics;
  const config::Document document =
      config::load_document("weir.yaml", source_, plugin_names(), files_, {}, diagnostics);
  std::shared_ptr<const Gateway> gateway;
  if (!diagnostics.has_errors()) gateway = compiler_.compile(document, listener_numbers_, {}, diagnostics);
  if (gateway == nullptr) fmt::print(stderr, "{}", diagnostics.text());
  invariant(gateway != nullptr, "the simulation's configuration is valid");
  gateways_.push_back(gateway);
  return gateway;
}

void SimGateway::configure(Core& core, const std::shared_ptr<const Gateway>& gateway) {
  core.server.configure(
      gateway, [this, &core](const std::shared_ptr<const Snapshot>& old) { witness_.given_back(core.shard, *old); });
  for (const auto& cluster : gateway->clusters) cluster->state(core.shard);
}

void SimGateway::start() {
  const ShardServer::Parts parts{.traffic = witness_,
                                 .admin = witness_,
                                 .protocol = client_protocols(),
                                 .raw_streams = &raw_streams_,
                                 .census = census_};
  const std::shared_ptr<const Gateway> gateway = compile(plan_.configurations.front());
  for (unsigned number = 0; number < plan_.shards; ++number) {
    Core& core = *shards_.emplace_back(
        std::make_unique<Core>(network_, number, plan_.seed + number, executor_, resolver_, parts));
    world_.add(core.shard.reactor);
    configure(core, gateway);
    open(core, {.name = "web", .address = doors().web});
    open(core, {.name = "behind",
                .address = doors().behind_sender,
                .proxy_senders = {.blocks = {*Cidr::parse("127.0.0.0/8")}}});
  }
}

void SimGateway::open(Core& core, ListenerPlan listener) {
  listener.id = listener_numbers_.number_of(listener.name);
  invariant(core.server.open(listener).has_value(), "the gateway's address is free");
}

void SimGateway::reload(const ConfigurationPlan& configuration) {
  if (stopping_) return;
  const std::shared_ptr<const Gateway> gateway = compile(configuration);
  ledger_.generation_max = generation_;
  const auto adopted = std::make_shared<std::size_t>(0);
  for (const auto& core : shards_) {
    core->shard.reactor.mailbox().send([this, core = core.get(), gateway, adopted, generation = generation_] {
      configure(*core, gateway);
      if (++*adopted == shards_.size()) ledger_.generation_min = generation;
    });
  }
}

void SimGateway::drain() {
  if (ledger_.circumstances.drain_began) return;
  ledger_.circumstances.drain_began = network_.now();
  for (const auto& core : shards_) {
    core->shard.reactor.mailbox().send([this, core = core.get()] { core->server.drain([this] { ++drained_; }); });
  }
}

void SimGateway::stop() {
  if (std::exchange(stopping_, true)) return;
  for (const auto& core : shards_) {
    core->shard.reactor.mailbox().send([this, core = core.get()] { core->root.spawn(end(*core)); });
  }
}

// As the process ends a core (app/process/worker).
Task<void> SimGateway::end(Core& core) {
  core.server.abort();
  co_await core.server.join();
  core.shard.for_each_state([](ShardState& state) { state.stop(); });
  core.shard.scope.cancel(gateway_error(Code::draining));
  co_await core.shard.scope.join();
  core.server.forget_configuration();
}

bool SimGateway::stopped() const {
  return std::ranges::all_of(shards_, [](const auto& core) {
    return core->server.connections() == 0 && core->shard.scope.running() == 0 && core->root.running() == 0;
  });
}

void SimGateway::check_nothing_left() {
  const auto none = [&](const char* checker, std::uint64_t left, const char* what) {
    if (left != 0) ledger_.violation(checker, fmt::format("{} {} left", left, what));
  };
  for (const auto& core : shards_) {
    const ShardMetrics& metrics = core->shard.metrics;
    none("gauges", metrics.connections_open.get(), "client connections counted as open");
    none("gauges", metrics.requests_in_flight.get(), "requests counted as in flight");
    none("gauges", metrics.upstream_connections_open.get(), "upstream connections counted as open");
    none("gauges", metrics.upstream_queued.get(), "requests counted as queued");
    none("gauges", metrics.tunnels_open.get(), "tunnels counted as open");
    none("leaks", core->io.open_handles(), "handles of a shard");
    none("leaks", core->shard.blocks.in_use(), "blocks of memory");
    none("leaks", core->shard.reactor.timers().armed_count(), "timers armed");
    none("leaks", core->shard.scope.running(), "children running");
  }
  none("gauges", census_.connections(), "connections in the census");
  compiler_ = {};
  const auto pinned = std::ranges::count_if(gateways_, [](const auto& gateway) { return !gateway.expired(); });
  none("pins", static_cast<std::uint64_t>(pinned), "configurations pinned");
  witness_.check_ended();
}

}  // namespace weir::sim
