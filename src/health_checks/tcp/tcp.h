// Whether something accepts connections; and, when asked for, says what it should.
#pragma once

#include "contracts/health_check.h"

namespace weir {

struct TcpCheckOptions {
  std::string send;
  std::string expect;  ///< that the answer begins with; empty: a connection is enough
};

class TcpCheck final : public HealthCheck {
 public:
  explicit TcpCheck(TcpCheckOptions options) : options_(std::move(options)) {}
  Task<ProbeResult> probe(Stream& stream, const ProbeTarget& target) const override;
  [[nodiscard]] std::string description() const override { return "tcp"; }

  /// Pure.
  static std::optional<ProbeResult> judge(std::string_view expected, std::string_view answer, bool ended);

 private:
  TcpCheckOptions options_;
};

const HealthCheckKind& tcp_check();

}  // namespace weir
