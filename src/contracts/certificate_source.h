// Where the certificates of a listener come from: files that are watched, authorities that issue them.
//
// Each core asks for every connection that it accepts and gets what holds at that moment, so that a certificate may be
// renewed while everything else stays. Connections that stand keep what they began with.
#pragma once

#include <string>

#include "contracts/shard.h"
#include "net/tls/server_context.h"
#include "runtime/task.h"

namespace weir {

class CertificateSource {
 public:
  virtual ~CertificateSource() = default;
  /// What a new connection is answered with. Valid until the same core asks again.
  virtual const tls::ServerContext& on(Shard& shard) = 0;
  /// Whether it wants to hear which name a client asks for before it is asked for what to answer with: certificates are
  /// then had on demand.
  [[nodiscard]] virtual bool wants_names() const { return false; }
  /// Does for a name what can be done: a certificate for it may be there afterwards. \param patience  at most
  virtual Task<void> prepare(Shard& /*shard*/, std::string /*name*/, Duration /*patience*/) { co_return; }
};

}  // namespace weir
