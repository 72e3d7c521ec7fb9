// Where the certificates of a listener come from: files that are watched, later an authority that is asked.
//
// Each core asks for every connection that it accepts and gets what holds at that moment, so that a certificate may be
// renewed while everything else stays. Connections that stand keep what they began with.
#pragma once

#include "contracts/shard.h"
#include "net/tls/server_context.h"

namespace weir {

class CertificateSource {
 public:
  virtual ~CertificateSource() = default;
  /// What a new connection is answered with. Valid until the same core asks again.
  virtual const tls::ServerContext& on(Shard& shard) = 0;
};

}  // namespace weir
