// Whether a PostgreSQL server takes connections, as pg_isready asks it: the first message of a session, and no further.
//
// A server that asks for a password, or says that there is no such user, accepts connections. One that starts up, shuts
// down or recovers (57P03) does not, nor does one whose connections are used up (53300).
#pragma once

#include "contracts/health_check.h"

namespace weir {

struct PostgresqlCheckOptions {
  std::string user = "weir";
  std::string database = "postgres";
};

class PostgresqlCheck final : public HealthCheck {
 public:
  explicit PostgresqlCheck(const PostgresqlCheckOptions& options);
  Task<ProbeResult> probe(Stream& stream, const ProbeTarget& target) const override;
  [[nodiscard]] std::string description() const override { return "postgresql"; }

  /// Pure.
  static std::optional<ProbeResult> judge(std::string_view answer, bool ended);

 private:
  std::string question_;
};

const HealthCheckKind& postgresql_check();

}  // namespace weir
