// One world from beginning to end: clients, gateway, origins and applications, and the checks behind them.
#pragma once

#include <memory>
#include <vector>

#include "sim/application.h"
#include "sim/client.h"
#include "sim/gateway.h"
#include "sim/origin.h"
#include "sim/rehearsal.h"

namespace weir::sim {

struct Report {
  std::vector<Violation> violations;
  std::uint64_t trace = 0;  ///< the same for the same seed
  std::size_t requests = 0;
  std::size_t answered = 0;
  std::size_t exchanges = 0;
  Duration lasted{};  ///< virtual time
};

class World {
 public:
  /// \param verbose  tells on stderr what happens
  explicit World(const WorldPlan& plan, bool verbose = false);
  World(const World&) = delete;

  /// Runs it to its end. \returns  whether it ended; a world that did not must not be destroyed
  bool run();
  [[nodiscard]] Report report() const;

 private:
  template <typename Server>
  void add_server(const SocketAddress& address);
  void rehearse();
  void plan_events();
  void abort_somebody();
  bool finish();
  bool wait_for(const char* checker, const char* what, Duration longest, const std::function<bool()>& done);

  WorldPlan plan_;
  SimNetwork network_;
  SimWorld clock_;
  Ledger ledger_;
  SimIo client_io_;
  SimIo origin_io_;
  Reactor client_reactor_;
  Reactor origin_reactor_;
  Scope client_scope_;
  const Doors doors_ = SimGateway::doors();
  SimGateway gateway_;
  std::optional<Rehearsal> rehearsal_;
  std::vector<std::unique_ptr<SimServer>> servers_;
  std::vector<std::unique_ptr<Client>> clients_;
};

/// Runs a planned world to its end.
Report run_world(const WorldPlan& plan, bool verbose = false);

}  // namespace weir::sim
