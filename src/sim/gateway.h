// The gateway under test: its real shards, server, protocol and configuration, on a simulated network.
//
// Idea: what the process does with threads and signals is done here by calls in virtual time; everything below that is
// the code that users run. A witness stands in front of the server's handler and counts what must happen exactly once.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/compile.h"
#include "app/config/include.h"
#include "app/config/source.h"
#include "runtime/sim_io.h"
#include "runtime/sim_world.h"
#include "server/raw_streams.h"
#include "server/serve.h"
#include "server/shard_server.h"
#include "sim/ledger.h"

namespace weir::sim {

/// Runs jobs a moment later, on the only thread there is.
class SimExecutor final : public Executor {
 public:
  explicit SimExecutor(SimNetwork& network) : network_(network) {}
  void run(Job job) override;

 private:
  SimNetwork& network_;
};

/// Knows the names of the origins.
class SimResolver final : public Resolver {
 public:
  explicit SimResolver(SimNetwork& network) : network_(network) {}
  void add(std::string name, const SocketAddress& address) { names_.emplace(std::move(name), address); }
  /// Otherwise it knows none.
  void know_names(bool known) { known_ = known; }
  Task<Result<ResolvedAddresses>> resolve(Reactor& reactor, const Endpoint& endpoint) override;

 private:
  SimNetwork& network_;
  std::multimap<std::string, SocketAddress> names_;
  bool known_ = true;
};

/// Counts what each exchange does exactly once, and which configurations are in use.
class Witness final : public Handler {
 public:
  explicit Witness(Ledger& ledger) : ledger_(ledger), serve_({}) {}

  void begin(Exchange& exchange) override;
  Reply handle(Exchange& exchange) override { return serve_.handle(exchange); }
  Answer error_answer(Exchange& exchange, const Error& error) override { return serve_.error_answer(exchange, error); }

  /// A core gives a configuration back: none of its requests may be using it.
  void given_back(const Shard& shard, const Snapshot& snapshot);
  void check_ended();
  [[nodiscard]] std::size_t exchanges() const { return finished_.size(); }

 private:
  class Mark;

  Ledger& ledger_;
  Serve serve_;
  std::deque<unsigned> finished_;  // by exchange: how often its finishers ran
  using Use = std::pair<const Shard*, const Snapshot*>;
  std::map<Use, unsigned> users_;  // never walked: the order of addresses does not matter
};

class SimGateway {
 public:
  SimGateway(SimNetwork& network, SimWorld& world, Ledger& ledger, const WorldPlan& plan);
  SimGateway(const SimGateway&) = delete;
  ~SimGateway();

  [[nodiscard]] static Doors doors();
  [[nodiscard]] static SocketAddress origin_address(unsigned origin);
  [[nodiscard]] static SocketAddress application_address(unsigned origin);

  void start();
  void reload(const ConfigurationPlan& configuration);
  void know_names(bool known) { resolver_.know_names(known); }
  void drain();
  /// All shards have told that they are drained.
  [[nodiscard]] bool drained() const { return drained_ == shards_.size(); }
  /// What is still there is ended, then everything is let go.
  void stop();
  [[nodiscard]] bool stopped() const;
  /// Requests whose exchange began.
  [[nodiscard]] std::size_t exchanges() const { return witness_.exchanges(); }
  /// Nothing may be left: memory, timers, children, configurations, gauges.
  void check_nothing_left();

 private:
  struct Core;

  std::shared_ptr<const Gateway> compile(const ConfigurationPlan& configuration);
  void open(Core& core, ListenerPlan listener);
  void configure(Core& core, const std::shared_ptr<const Gateway>& gateway);
  Task<void> end(Core& core);

  SimNetwork& network_;
  SimWorld& world_;
  Ledger& ledger_;
  const WorldPlan& plan_;
  SimExecutor executor_;
  SimResolver resolver_;
  Witness witness_;
  RawStreams raw_streams_{{}};
  Census census_;
  config::MemorySource source_;
  config::FileCache files_;
  ListenerNumbers listener_numbers_;
  Compiler compiler_;
  std::vector<std::unique_ptr<Core>> shards_;
  std::vector<std::weak_ptr<const Gateway>> gateways_;
  unsigned generation_ = 0;
  std::size_t drained_ = 0;
  bool stopping_ = false;
};

}  // namespace weir::sim
