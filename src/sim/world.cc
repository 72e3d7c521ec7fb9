// The order of events in a world.
#include "sim/world.h"

#include <algorithm>
#include <string_view>

namespace weir::sim {

using namespace std::chrono_literals;

// Nobody is waited for when the gateway is ended by force.
constexpr Duration end_takes_max = 3ms;

World::World(const WorldPlan& plan, bool verbose)
    : plan_(plan),
      network_(plan.seed),
      clock_(network_),
      ledger_(plan_),
      client_io_(network_),
      origin_io_(network_),
      client_reactor_(client_io_, plan.seed + 100),
      origin_reactor_(origin_io_, plan.seed + 200),
      client_scope_(client_reactor_),
      gateway_(network_, clock_, ledger_, plan_) {
  ledger_.verbose = verbose;
  clock_.add(client_reactor_);
  clock_.add(origin_reactor_);
  for (const SocketAddress& door : {doors_.web, doors_.behind_sender}) network_.faults_at(door) = plan_.client_link;
  if (plan_.rehearsal) rehearse();
  for (unsigned number = 0; number < plan_.origins && !rehearsal_; ++number) {
    add_server<OriginServer>(SimGateway::origin_address(number));
    add_server<ApplicationServer>(SimGateway::application_address(number));
  }
  for (const ClientPlan& client : plan_.clients) {
    clients_.push_back(std::make_unique<Client>(client_reactor_, ledger_, client, doors_));
  }
}

template <typename Server>
void World::add_server(const SocketAddress& address) {
  network_.faults_at(address) = plan_.origin_link;
  servers_.push_back(std::make_unique<Server>(origin_reactor_, ledger_, plan_, address));
}

void World::rehearse() {
  rehearsal_.emplace(client_reactor_, network_, ledger_, plan_);
  for (unsigned number = 0; number < plan_.origins; ++number) {
    const SocketAddress address = SimGateway::origin_address(number);
    network_.faults_at(address) = plan_.origin_link;
    servers_.push_back(rehearsal_->make_origin(origin_reactor_, address, number));
  }
}

void World::plan_events() {
  for (const ConfigurationPlan& configuration : plan_.configurations) {
    if (configuration.at == Duration{}) continue;
    network_.at(network_.now() + configuration.at, [this, &configuration] { gateway_.reload(configuration); });
  }
  for (const Duration moment : plan_.aborts) network_.at(network_.now() + moment, [this] { abort_somebody(); });
  if (plan_.end_at) {
    network_.at(network_.now() + *plan_.end_at, [this] {
      ledger_.circumstances.end_began = network_.now();
      gateway_.stop();
    });
    network_.at(network_.now() + *plan_.end_at + end_takes_max, [this] {
      if (!gateway_.stopped()) ledger_.violation("hang", "what was ended goes on");
    });
  }
  if (plan_.drain_at) network_.at(network_.now() + *plan_.drain_at, [this] { gateway_.drain(); });
}

// Handles are given out in order: a few draws find one that is a connection.
void World::abort_somebody() {
  constexpr std::uint64_t handles = 300;
  for (unsigned attempt = 0; attempt < 20; ++attempt) {
    const auto handle = static_cast<Handle>(1 + network_.random().below(handles));
    const SimSocket* socket = network_.find(handle);
    if (socket != nullptr && socket->state == SimSocket::State::connected) return network_.reset(handle);
  }
}

bool World::run() {
  for (const auto& server : servers_) server->start();
  gateway_.start();
  plan_events();
  for (const auto& client : clients_) client_scope_.spawn(client->run());
  if (rehearsal_) {
    client_scope_.spawn(rehearsal_->run(doors_.web, [this](bool known) { gateway_.know_names(known); }));
  }
  const bool ended = wait_for("hang", "clients", 1h, [&] { return client_scope_.running() == 0; }) && finish();
  ledger_.judge_all();
  // Connections that are reset at random besides are another mishap than the one that is rehearsed.
  if (rehearsal_ && plan_.aborts.empty()) rehearsal_->judge();
  if (!ended) return false;
  gateway_.check_nothing_left();
  const auto open = network_.open_handles();
  if (open != 0) ledger_.violation("leaks", "open at the end:\n" + network_.describe_open());
  if (network_.bytes_in_flight() != 0) ledger_.violation("leaks", "bytes are on the way for ever");
  for (const Violation& violation : ledger_.violations()) {
    if (violation.checker == "leaks") return false;
  }
  return true;
}

// Whoever drains a gateway without requests waits for no longer than a lingering close takes.
bool World::finish() {
  if (!ledger_.circumstances.end_began) {
    gateway_.drain();
    if (!wait_for("drain", "the drain", 10s, [&] { return gateway_.drained(); })) return false;
  }
  gateway_.stop();
  if (!wait_for("hang", "the shutdown", 10s, [&] { return gateway_.stopped(); })) return false;
  for (const auto& server : servers_) server->stop();
  const bool origins_gone = wait_for("hang", "the origins", 10s, [&] {
    return std::ranges::all_of(servers_, [](const auto& server) { return server->done(); });
  });
  clock_.run_for(10s);
  return origins_gone;
}

bool World::wait_for(const char* checker, const char* what, Duration longest, const std::function<bool()>& done) {
  if (clock_.run_until(done, longest)) return true;
  ledger_.violation(checker, std::string(what) + " did not come to an end");
  return false;
}

Report World::report() const {
  Report report{.violations = ledger_.violations(),
                .trace = network_.trace(),
                .requests = ledger_.stories().size(),
                .exchanges = gateway_.exchanges()};
  if (rehearsal_) {
    report.requests = rehearsal_->requests();
    report.answered = rehearsal_->answered();
  }
  for (const Story& story : ledger_.stories()) {
    if (story.outcome == Outcome::answered) ++report.answered;
    for (const std::uint64_t fact :
         {std::uint64_t{story.status}, static_cast<std::uint64_t>(story.outcome), story.client_read, story.origin_read,
          static_cast<std::uint64_t>(story.ended.time_since_epoch().count())}) {
      report.trace = (report.trace ^ fact) * 0x9E3779B97F4A7C15U;
      report.trace ^= report.trace >> 29;
    }
  }
  report.lasted = network_.now().time_since_epoch() - 1h;
  return report;
}

Report run_world(const WorldPlan& plan, bool verbose) {
  auto world = std::make_unique<World>(plan, verbose);
  const bool ended = world->run();
  const Report report = world->report();
  if (!ended) static_cast<void>(world.release());  // what still runs in it would be torn apart
  return report;
}

}  // namespace weir::sim
