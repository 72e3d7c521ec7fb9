// Names and numbers between commas.
#include "upstream/picking/load_report.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace weir {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) || value < 0) return {};
  return value;
}

}  // namespace

std::optional<LoadReport> report_in(const Fields& fields, const ReportRule& rule) {
  const Field* field = fields.find(rule.header);
  if (field == nullptr) return {};
  const std::optional<double> load = metric_of(field->value, rule.load);
  if (!load) return {};
  LoadReport report{.load = static_cast<std::uint32_t>(std::min(*load, 1e9))};
  if (const std::optional<double> latency_ms = metric_of(field->value, rule.latency)) {
    report.latency_us = static_cast<std::uint32_t>(std::min(*latency_ms * 1000, 4e9));
  }
  return report;
}

std::optional<double> metric_of(std::string_view report, std::string_view name) {
  if (report.starts_with("TEXT ")) report.remove_prefix(5);
  while (!report.empty()) {
    const std::size_t comma = std::min(report.find(','), report.size());
    const std::string_view entry = trimmed(report.substr(0, comma));
    const std::size_t equals = entry.find('=');
    if (equals != std::string_view::npos && trimmed(entry.substr(0, equals)) == name) {
      return number_of(trimmed(entry.substr(equals + 1)));
    }
    report.remove_prefix(std::min(comma + 1, report.size()));
  }
  return {};
}

}  // namespace weir
