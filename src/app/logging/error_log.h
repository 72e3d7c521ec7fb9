// What the gateway has to say to the people who run it: one line per message.
//
//   2026-11-20T16:00:00.000Z warning  7f3a91c  the reload of weir.yaml failed, the old configuration stays
//
// Lines are written by a thread of their own, so that a disk that hangs does not hang the one who complains about it.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/units.h"
#include "contracts/notices.h"
#include "observers/access_log/log_writer.h"

namespace weir {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
std::string_view name_of(LogLevel level);  // "warning"

/// The line of one message, line end included. \param configuration  the short hash it was said under. Further lines of
/// the text are indented; control characters become spaces.
std::string log_line(WallTime time, LogLevel level, std::string_view configuration, std::string_view text);

/// May be used from any thread.
class ErrorLog final : public Notices {
 public:
  /// \param to  `stdout`, `stderr` or a path
  ErrorLog(std::string to, LogLevel level) : writer_(std::move(to)), level_(level) {}

  void write(LogLevel level, std::string_view text);
  void debug(std::string_view text) { write(LogLevel::debug, text); }
  void info(std::string_view text) { write(LogLevel::info, text); }
  void warning(std::string_view text) override { write(LogLevel::warning, text); }
  void error(std::string_view text) { write(LogLevel::error, text); }

  [[nodiscard]] bool enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }

  /// What a reload may change.
  void configure(std::string to, LogLevel level) {
    writer_.redirect(std::move(to));
    level_.store(level, std::memory_order_relaxed);
  }
  /// Which configuration runs from now on: each line says under which it was written. \param hash  at most 8 characters
  void runs_under(std::string_view hash);
  void reopen() { writer_.reopen(); }
  /// Waits a second at most until everything is with the kernel.
  void flush() { writer_.flush(std::chrono::seconds{1}); }
  [[nodiscard]] std::uint64_t lines_dropped() const { return writer_.lines_dropped(); }

 private:
  LogWriter writer_;
  std::atomic<LogLevel> level_;
  std::atomic<std::uint64_t> configuration_{0};  // the hash's characters: one word, so that any thread may read it
};

}  // namespace weir
