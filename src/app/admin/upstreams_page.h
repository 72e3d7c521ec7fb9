// Who serves: the endpoints of each upstream as the whole machine knows them, for /upstreams and for metrics.
//
// Idea: read from the cells of upstream/endpoint_health.h into plain values, then written for people, for programs and
// for Prometheus. Metrics have a line for each of the first limits::endpoints_with_metrics endpoints; the others are
// added up under the name `other`, so that an upstream of ten thousand does not drown whoever scrapes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/admin/exposition.h"
#include "base/units.h"
#include "server/gateway.h"
#include "upstream/availability.h"
#include "upstream/outliers.h"

namespace weir {

struct EndpointTotals {
  std::string address;
  EndpointStanding standing = EndpointStanding::available;
  AdminState admin = AdminState::enabled;
  WallTime said_at{};            ///< WallTime{}: operators said nothing
  std::uint32_t weight = 1;      ///< that holds
  std::uint32_t configured = 1;  ///< weight
  CheckState checked = CheckState::unchecked;
  Time checked_since{};
  std::string_view check_reason;   ///< of the last check
  std::uint32_t check_number = 0;  ///< beside it, a status for one
  std::uint64_t checks_passed = 0;
  std::uint64_t checks_failed = 0;
  OutlierSign ejected_for = OutlierSign::none;  ///< none: it is not ejected now
  Time ejected_at{};
  Time ejected_until{};
  std::uint64_t ejections = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;
};

struct UpstreamTotals {
  std::string name;
  std::string_view balancer;
  GroupVerdict verdict;
  std::vector<EndpointTotals> endpoints;
};

/// In the order of the configuration; endpoints by their addresses. From any thread. \param name  empty: all
std::vector<UpstreamTotals> upstream_totals(const Gateway& gateway, Time now, std::string_view name = {});

/// What turns the cores' clock into what is on the wall.
struct Clocks {
  Time now{};
  WallTime wall{};
};

std::string upstreams_text(const std::vector<UpstreamTotals>& upstreams, Clocks clocks);
std::string upstreams_json(const std::vector<UpstreamTotals>& upstreams, Clocks clocks);
void add_endpoints(Exposition& page, const std::vector<UpstreamTotals>& upstreams);

}  // namespace weir
