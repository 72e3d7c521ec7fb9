// The text Prometheus reads (exposition format 0.0.4).
//
// Invariants
//   (1) HELP and TYPE of a family stand once, before its samples, and its samples stand together.
//   (2) Buckets of a histogram are cumulative and end with +Inf, which equals the count.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  /// Begins a family. \param type  "counter", "gauge", "histogram"
  Exposition& family(std::string_view name, std::string_view type, std::string_view help);
  /// A sample of the family begun last.
  Exposition& sample(Labels labels, std::uint64_t value);
  Exposition& sample(Labels labels, double value);
  /// All lines of one histogram. \param counts  per bucket, not cumulative; one more than bounds, the last above all
  Exposition& histogram(std::string_view label, std::string_view label_value, std::span<const double> bounds,
                        std::span<const std::uint64_t> counts, double sum);

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void begin_sample(std::string_view suffix, Labels labels);
  void end_sample(std::string_view value);

  std::string out_;
  std::string name_;
};

}  // namespace weir
