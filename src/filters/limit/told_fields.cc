// Digits without a formatter: this runs for every answer.
#include "filters/limit/told_fields.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>

#include "base/limits.h"

namespace weir::limit {
namespace {

class Line {
 public:
  explicit Line(std::span<char> room) : room_(room) {}
  Line& text(std::string_view text) {
    std::memcpy(room_.data() + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  Line& number(std::uint64_t number) {
    size_ = static_cast<std::size_t>(std::to_chars(room_.data() + size_, room_.data() + room_.size(), number).ptr -
                                     room_.data());
    return *this;
  }
  [[nodiscard]] std::string_view view() const { return {room_.data(), size_}; }

 private:
  std::span<char> room_;
  std::size_t size_ = 0;
};

constexpr std::size_t digits_max = 20;

}  // namespace

std::uint64_t seconds_up(Duration duration) {
  const auto nanoseconds = static_cast<std::uint64_t>(duration.count());
  return (nanoseconds + 999'999'999) / 1'000'000'000;
}

std::string policy_of(const RuleOptions& rule, std::string_view name, std::uint64_t whole) {
  if (rule.in_flight) return fmt::format("\"{}\";q={};qu=\"concurrent-requests\"", name, whole);
  // A bucket gives its whole burst back in this time; a window is as long as it is.
  const bool is_bucket = rule.algorithm == Algorithm::token_bucket || rule.algorithm == Algorithm::gcra;
  if (rule.quota && rule.quota->unit == PeriodUnit::month)
    return fmt::format("\"{}\";q={}", name, whole);  // no fixed w
  const Budget budget = budget_of(rule, 1);
  const Duration time =
      is_bucket ? Duration{static_cast<std::int64_t>(budget.unit_nanoseconds() * budget.burst)} : budget.window;
  return fmt::format("\"{}\";q={};w={}", name, whole, seconds_up(time));
}

std::string_view left_value(std::span<const Left> all, Arena& arena) {
  std::size_t room = 0;
  for (const Left& left : all) room += left.name.size() + 2 * digits_max + 12;
  Line line(arena.make_array<char>(room));
  for (const Left& left : all) {
    if (!line.view().empty()) line.text(", ");
    line.text("\"").text(left.name).text("\";r=").number(left.remaining);
    if (left.reset >= Duration{}) line.text(";t=").number(seconds_up(left.reset));
  }
  return line.view();
}

std::string_view number_text(std::uint64_t number, Arena& arena) {
  return Line(arena.make_array<char>(digits_max)).number(number).view();
}

}  // namespace weir::limit
