// Asks one endpoint again and again whether it is well, for the whole machine.
//
// Idea: a coroutine on one core (ClusterHealth::checking_core says which): wait, connect, let the kind of check have
// its conversation, and let the pure function of check_history.h say what that means. What it comes to stands in the
// endpoint's cells, where all cores see it.
//
// Invariants
//   (1) Only this prober writes what checks say about its endpoint.
//   (2) What the gateway itself lacks (a descriptor) is no result.
#pragma once

#include <memory>
#include <string>

#include "contracts/shard.h"
#include "net/address.h"
#include "upstream/endpoint_health.h"
#include "upstream/health_rules.h"

namespace weir {

class Prober final : public std::enable_shared_from_this<Prober> {
 public:
  Prober(Shard& shard, std::shared_ptr<ClusterHealth> cluster, std::shared_ptr<EndpointHealth> endpoint,
         const UpstreamAddress& address, CheckRules rules);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  void start();
  /// Nothing is written from now on; a conversation that is under way is given up.
  void stop();

 private:
  static Task<void> run(std::shared_ptr<Prober> self);
  Task<void> go_on();
  Task<Result<ProbeResult>> ask();
  Task<Result<std::unique_ptr<Stream>>> reach(Time deadline);
  void take(const ProbeResult& result);
  void tell(const ProbeResult& result, const CheckVerdict& verdict) const;

  Shard& shard_;
  const std::shared_ptr<ClusterHealth> cluster_;
  const std::shared_ptr<EndpointHealth> endpoint_;
  UpstreamAddress address_;
  const CheckRules rules_;
  CheckHistory history_;
  CancellationRegion* region_ = nullptr;
  bool stopped_ = false;
};

}  // namespace weir
