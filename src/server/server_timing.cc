// Three figures, written by hand: the reactor's clock has the grain of a turn, so microseconds are as exact as it gets.
#include "server/server_timing.h"

#include <fmt/format.h>

#include <array>

namespace weir {
namespace {

class Metrics {
 public:
  void add(std::string_view name, Time from, Time to) {
    if (from == Time{} || to == Time{}) return;
    const double passed = std::chrono::duration<double, std::milli>(to - from).count();
    const auto written = fmt::format_to_n(text_.data() + bytes_, text_.size() - bytes_, "{}{};dur={:.3f}",
                                          bytes_ == 0 ? "" : ", ", name, passed);
    bytes_ = std::min(bytes_ + written.size, text_.size());
  }
  [[nodiscard]] std::string_view text() const { return {text_.data(), bytes_}; }

 private:
  std::array<char, 160> text_{};
  std::size_t bytes_ = 0;
};

}  // namespace

void tell_timing(const Exchange& exchange, ResponseHead& head) {
  if (!exchange.snapshot || !exchange.snapshot->stories.server_timing) return;
  const Timings& timings = exchange.timings;
  Metrics metrics;
  metrics.add("weir", timings.head_started, exchange.shard.reactor.now());
  metrics.add("connect", timings.head_read, timings.upstream_leased);
  metrics.add("upstream", timings.upstream_leased, timings.upstream_head);
  head.fields.append("server-timing", head.fields.arena().copy(metrics.text()));
}

}  // namespace weir
