// A request that is only imagined, and what would be done to it.
#pragma once

#include <string>

#include "contracts/node.h"
#include "http/message.h"
#include "net/address.h"

namespace weir {

struct ImaginedRequest {
  RequestHead& head;
  ClientAddress client;
};

/// What one filter or service would do.
struct Effect {
  std::string text;      ///< for people: `sets x-a on the response`, `forwards to upstream shop (2 endpoints)`
  bool answers = false;  ///< it would answer itself: what stands behind it does not run
  Status status = 0;     ///< of that answer; 0 when it is the upstream's
};

}  // namespace weir
