// A request that is only imagined, and what would be done to it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/node.h"
#include "http/message.h"
#include "net/address.h"

namespace weir {

class Cluster;  // upstream/cluster.h

struct ImaginedRequest {
  RequestHead& head;
  ClientAddress client;
  std::string_view scheme = "http";
  std::string_view route{};  ///< which it takes
  std::string_view user{};   ///< whom a filter has verified; lives as long as the head
};

/// What one filter or service would do.
struct Effect {
  std::string text;      ///< for people: `sets x-a on the response`, `forwards to upstream shop (2 endpoints)`
  bool answers = false;  ///< it would answer itself: what stands behind it does not run
  Status status = 0;     ///< of that answer; 0 when it is the upstream's
  std::vector<std::shared_ptr<const Cluster>> upstreams{};  ///< to one of which the request is sent on
};

}  // namespace weir
