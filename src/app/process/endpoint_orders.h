// An operator's order about an endpoint of the running configuration: who is meant, and what was said to them.
//
// Idea: names are looked up in the configuration that new requests start with, the pure function of
// upstream/operator_word.h says what becomes of the order, and the cells that all cores read are set. The caller lets
// the cores look (Process::order_endpoint): when the operator is answered, it holds on each of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/units.h"
#include "server/gateway.h"
#include "upstream/operator_word.h"

namespace weir {

struct EndpointOrder {
  EndpointVerb verb = EndpointVerb::enable;
  std::string upstream;
  std::string endpoint;      ///< as `weir upstream list` shows it: 10.0.0.1:8080
  std::uint32_t weight = 0;  ///< of the verb weight; 0: the configured one again
  bool force = false;
  std::string by;  ///< "uid 0"
};

struct EndpointOutcome {
  enum class Kind : std::uint8_t { obeyed, unknown, refused };
  Kind kind = Kind::unknown;
  bool changed = false;
  std::string_view reason;      ///< static, for programs: "done", "last_endpoint", "unknown_upstream" ...
  std::string sentence;         ///< the same for people
  std::uint64_t in_flight = 0;  ///< requests that the endpoint still has
};

/// On the control thread, which alone writes what operators said. \param now  of the clock that cores go by
EndpointOutcome take_order(const Gateway& gateway, const EndpointOrder& order, Time now, WallTime wall);

/// Requests in flight at the endpoint, from any thread; 0 when there is none of that name.
std::uint64_t requests_left(const Gateway& gateway, std::string_view upstream, std::string_view endpoint);

/// By its name, or null.
const Cluster* find_cluster(const Gateway& gateway, std::string_view upstream);

}  // namespace weir
