// One line per exchange, whatever became of it.
//
// Problem: a line per request costs a system call per request when written at once, and a lock when shared.
// Idea: each core formats into a buffer of its own, which goes to the one writer when it is 64 KiB full, after 10 ms,
// or when the core stops. The writer drops and counts what the disk does not take (log_writer.h).
//
// Invariants
//   (1) A core touches its own buffer only; a request takes no lock but for the chunk it happens to fill.
//   (2) No value of Authorization or Cookie, and no secret of a query (redact.h), is ever written.
//   (3) The log outlives the shards: their buffers hand over what is left when they go.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "contracts/observer.h"
#include "observers/access_log/log_writer.h"

namespace weir {

enum class AccessLogFormat : std::uint8_t { off, json, combined };

class AccessLog final : public Observer {
 public:
  AccessLog(LogWriter& writer, AccessLogFormat format) : writer_(writer), format_(format) {}

  void ended(const Exchange& exchange, const Delivery& delivery) override;

  /// From any thread; lines formatted before stay as they are.
  void set_format(AccessLogFormat format) { format_.store(format, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t lines_dropped() const { return writer_.lines_dropped(); }

  static constexpr std::size_t buffer_bytes = std::size_t{64} << 10U;
  static constexpr Duration buffer_time = std::chrono::milliseconds{10};

 private:
  class Buffer;
  static constexpr std::size_t cores_max = 1024;

  Buffer& buffer_of(Shard& shard);

  LogWriter& writer_;
  std::atomic<AccessLogFormat> format_;
  std::array<Buffer*, cores_max> buffers_{};  // each entry is its core's own
};

}  // namespace weir
