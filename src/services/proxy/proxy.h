// Sends the request to an upstream and the answer back: what Weir is mostly for.
//
// `proxy: shop` names an upstream, `proxy: http://127.0.0.1:3000` makes one on the spot, and a list shares the requests
// out: `proxy: [{ to: shop, weight: 95 }, { to: shop-next, weight: 5 }]`.
#pragma once

#include <memory>
#include <vector>

#include "contracts/plugin.h"

namespace weir {

struct ProxyTarget {
  std::shared_ptr<const Cluster> cluster;
  std::uint64_t weight = 1;
};

/// The target a draw of random bits falls on, by weight. Pure. \pre targets is not empty
const ProxyTarget& pick_target(const std::vector<ProxyTarget>& targets, std::uint64_t draw);

class Proxy final : public Service {
 public:
  /// \param targets  at least one; weights at least 1
  explicit Proxy(std::vector<ProxyTarget> targets) : targets_(std::move(targets)) {}

  Reply handle(Exchange& exchange) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;
  [[nodiscard]] bool forwards() const override { return true; }

 private:
  std::vector<ProxyTarget> targets_;
};

const ServiceKind& proxy_service();

}  // namespace weir
