// Which clients and which routes have most requests, in the last seconds: for `weir top`.
//
// Idea: two windowed sketches for each core (base/heavy_window.h), made with its first request. Requests do not wait
// for it: most of them cost two countdowns (docs/top.md has the figures).
#pragma once

#include <array>
#include <atomic>

#include "base/heavy_report.h"
#include "contracts/observer.h"

namespace weir {

class HeavyTraffic final : public Observer {
 public:
  HeavyTraffic() : hash_key_(crypto::HashKey::random()) {}

  void ended(const Exchange& exchange, const Delivery& delivery) override;

  /// From any thread. IPv6 addresses count as `limits.client_ipv6_prefix` says.
  [[nodiscard]] HeavyReport clients(Time now, std::size_t most) const;
  [[nodiscard]] HeavyReport routes(Time now, std::size_t most) const;

 private:
  struct Core {
    LazyHeavyWindow clients;
    LazyHeavyWindow routes;
  };

  const crypto::HashKey hash_key_;  // which clients meet in a cell is nobody's to choose
  std::array<Core, limits::shards> cores_;
};

}  // namespace weir
