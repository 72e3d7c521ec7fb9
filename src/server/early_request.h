// Whether a request that came before the handshake was over is served (RFC 8470).
//
// Problem: such a request may be one that somebody recorded and sends again. Idea: what only asks is harmless twice;
// all else gets 425, which every client that sends early data knows to answer by sending again when the handshake is
// over. Nothing waits for that: a client that never ends its handshake would hold it up.
#pragma once

#include <string_view>

#include "contracts/exchange.h"

namespace weir {

struct EarlyRequestFacts {
  bool handshake_over = true;
  Method method = Method::other;
  bool has_content = false;
  bool upgrades = false;  ///< to another protocol, of whose bytes nothing is known
};

struct EarlyRequestVerdict {
  bool served = true;
  std::string_view reason;  ///< static
};
EarlyRequestVerdict decide(const EarlyRequestFacts& facts);

/// Whether it has to come again later; recorded if so.
bool is_too_early(Exchange& exchange);

}  // namespace weir
