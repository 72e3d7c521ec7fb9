// A core's buffer, and when it is handed over.
#include "observers/access_log/access_log.h"

#include "observers/access_log/line.h"

namespace weir {

class AccessLog::Buffer final : public ShardState, private Timer {
 public:
  Buffer(Shard& shard, LogWriter& writer, Buffer*& known) : shard_(shard), writer_(writer), known_(known) {
    lines_.reserve(buffer_bytes);
    known_ = this;
  }
  ~Buffer() override {
    hand_over();
    known_ = nullptr;
  }

  void add(AccessLogFormat format, const Exchange& exchange, const Delivery& delivery) {
    const WallTime now = shard_.reactor.wall_now();
    if (format == AccessLogFormat::json) {
      append_json_line(line_, exchange, delivery, clock_.rfc3339(now));
    } else {
      append_combined_line(line_, exchange, delivery, clock_.apache(now));
    }
    ++count_;
    if (lines_.size() >= buffer_bytes) return hand_over();
    if (!armed()) shard_.reactor.timers().arm(*this, shard_.reactor.now() + buffer_time);
  }

  void stop() override { hand_over(); }

 private:
  void fire(Time) override { hand_over(); }

  void hand_over() {
    if (armed()) shard_.reactor.timers().disarm(*this);
    writer_.give(lines_, count_);
    count_ = 0;
  }

  Shard& shard_;
  LogWriter& writer_;
  Buffer*& known_;
  LogClock clock_;
  std::string lines_;
  LineBuffer line_{lines_};
  std::uint64_t count_ = 0;
};

AccessLog::Buffer& AccessLog::buffer_of(Shard& shard) {
  invariant(shard.id < cores_max, "a machine has at most as many cores as the access log knows");
  Buffer*& known = buffers_[shard.id];
  if (known == nullptr) {
    shard.state<Buffer>(StateKey("access_log"), [&] { return std::make_unique<Buffer>(shard, writer_, known); });
  }
  return *known;
}

void AccessLog::ended(const Exchange& exchange, const Delivery& delivery) {
  const AccessLogFormat format = format_.load(std::memory_order_relaxed);
  if (format != AccessLogFormat::off) buffer_of(exchange.shard).add(format, exchange, delivery);
}

}  // namespace weir
