// What a configuration says about the health of an upstream: how it is checked, and what counts as an outlier.
//
// Idea: plain values with their defaults and the reasons for them; `upstreams.NAME.health` and `.outliers` are read
// into them. What is decided by them is in check_history.h (active checks), outliers.h (passive) and availability.h
// (who may be picked).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/units.h"
#include "contracts/health_check.h"
#include "net/proxy_protocol.h"

namespace weir {

namespace tls {
class ClientContext;
}

/// Asking endpoints whether they are well. `upstreams.NAME.health`.
struct CheckRules {
  std::shared_ptr<const HealthCheck> check;         ///< null: nobody asks
  Duration every = std::chrono::seconds{5};         ///< of one endpoint, by the whole machine; a tenth earlier or later
  Duration timeout = std::chrono::seconds{2};       ///< for all of a check: connecting, asking, the answer
  Duration retry_every = std::chrono::seconds{1};   ///< while an answer speaks against what was known
  std::uint32_t up_after = 2;                       ///< answers in a row. HAProxy: rise 2
  std::uint32_t down_after = 3;                     ///< HAProxy: fall 3
  bool begin_up = true;                             ///< before the first check has ended
  std::uint16_t port = 0;                           ///< 0: the endpoint's own
  std::shared_ptr<const tls::ClientContext> tls{};  ///< null: they are asked in the clear
  /// In which their connections introduce the gateway; nothing: they do not.
  std::optional<proxy_protocol::Version> introduction{};
};

/// Which failures of requests count against an endpoint beside those of the network.
enum class CountedStatuses : std::uint8_t { none, gateway, server_errors };

/// Watching what becomes of requests. `upstreams.NAME.outliers`.
struct OutlierRules {
  bool watch = true;
  /// In a row, on the whole machine, before an endpoint is left alone for a while. Envoy: 5. 0: no number is enough.
  std::uint32_t consecutive_errors = 5;
  /// 502, 503 and 504 say that something behind the endpoint is gone; a 500 is as often the request's fault.
  CountedStatuses statuses = CountedStatuses::gateway;
  /// Between two comparisons of the endpoints with each other. Envoy: 10 s.
  Duration interval = std::chrono::seconds{10};
  /// Of the first ejection; each further one takes twice as long, up to the longest. Envoy: 30 s and 300 s.
  Duration ejection = std::chrono::seconds{30};
  Duration ejection_max = std::chrono::minutes{5};
  /// Of the endpoints of an upstream that are ejected at once, at least one. Envoy: 10 %.
  std::uint32_t ejected_percent_max = 10;
  /// How many standard deviations an endpoint's failures may lie above what its peers let expect; 0: not compared.
  std::uint32_t failure_deviations = 4;
  /// An endpoint whose requests take so many times as long as its peers' is an outlier; 0: not compared.
  std::uint32_t latency_factor = 0;
  /// Requests of an endpoint within the interval, below which it is not compared.
  std::uint32_t requests_min = 50;
};

struct HealthRules {
  CheckRules checks;
  OutlierRules outliers;
  /// When fewer of the endpoints are healthy, all are used: either the checks are wrong, or the few that are left would
  /// break under the load of all. Envoy: 50 %, which one of three would not reach; so it is less here.
  std::uint32_t panic_below_percent = 30;
};

}  // namespace weir
