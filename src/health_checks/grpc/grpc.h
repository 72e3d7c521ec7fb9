// Whether a gRPC server says of itself, or of one of its services, that it serves: grpc.health.v1.Health/Check.
//
// Asked over HTTP/2: over TLS where the upstream speaks it, else by prior knowledge.
#pragma once

#include "contracts/health_check.h"

namespace weir {

struct GrpcCheckOptions {
  std::string service;  ///< empty: the server as a whole
  std::string host;     ///< empty: the endpoint's address
};

class GrpcCheck final : public HealthCheck {
 public:
  explicit GrpcCheck(GrpcCheckOptions options) : options_(std::move(options)) {}
  Task<ProbeResult> probe(Stream& stream, const ProbeTarget& target) const override;
  [[nodiscard]] std::string description() const override;

 private:
  GrpcCheckOptions options_;
};

const HealthCheckKind& grpc_check();

}  // namespace weir
