// Whether a Redis or Valkey server answers PING.
//
// One that wants a password and gets none lives and answers; one that still reads its data from disk (LOADING), or is a
// replica without its primary (MASTERDOWN), does not serve.
#pragma once

#include "contracts/health_check.h"

namespace weir {

struct RedisCheckOptions {
  std::string password;
};

class RedisCheck final : public HealthCheck {
 public:
  explicit RedisCheck(const RedisCheckOptions& options);
  Task<ProbeResult> probe(Stream& stream, const ProbeTarget& target) const override;
  [[nodiscard]] std::string description() const override { return "redis PING"; }

  /// Pure. \param with_password  the first line answers AUTH
  static std::optional<ProbeResult> judge(bool with_password, std::string_view answer, bool ended);

 private:
  std::string question_;
  bool with_password_;
};

const HealthCheckKind& redis_check();

}  // namespace weir
