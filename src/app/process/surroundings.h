// What a process has around its data path: logs, the handlers of both kinds of listeners, the supervisor's ear.
#pragma once

#include <cstdint>
#include <memory>

#include "app/config/document.h"
#include "app/process/operations.h"
#include "contracts/session.h"

namespace weir {

class ErrorLog;
class RawStreams;  // server/raw_streams.h

/// What a supervisor wants to hear of.
enum class SupervisorNews : std::uint8_t { ready, reloading, stopping };

/// Cores that serve: as configured, or as many as the machine has.
unsigned worker_count(const config::Document& document);

class Surroundings {
 public:
  Surroundings(const config::Document& document, Operations& operations);
  ~Surroundings();

  [[nodiscard]] Handler& traffic();
  /// What listeners that speak no HTTP serve.
  [[nodiscard]] const RawStreams& raw_streams();
  [[nodiscard]] Handler& admin();
  [[nodiscard]] ErrorLog& log();

  /// Takes over what a new configuration says about logs.
  void configure(const config::Document& document);

  /// Closes and opens the log files anew, after somebody has moved them away (USR1).
  void reopen_logs();
  /// Everything logged so far is with the kernel when this returns.
  void flush_logs();
  /// Complains in the error log about logs that cannot be written.
  void report_log_problems();
  /// systemd's notification protocol; nothing happens without a supervisor.
  void tell_supervisor(SupervisorNews news);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace weir
