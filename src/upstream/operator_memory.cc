// Three words in a line.
#include "upstream/operator_memory.h"

#include <fmt/format.h>

#include "base/text.h"
#include "upstream/operator_word.h"

namespace weir {
namespace {

std::optional<AdminState> state_of(std::string_view name) {
  for (const AdminState state : {AdminState::enabled, AdminState::draining, AdminState::disabled}) {
    if (name_of(state) == name) return state;
  }
  return {};
}

/// As far as a clock of nanoseconds reaches: the year 2262.
constexpr std::uint64_t seconds_max = 9'000'000'000;

}  // namespace

std::optional<std::string> write_word(const OperatorWord& word) {
  if (word.state == AdminState::enabled && word.weight == 0) return {};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(word.said_at).time_since_epoch().count();
  return fmt::format("{} {} {}", name_of(word.state), seconds, word.weight);
}

std::optional<OperatorWord> read_word(std::string_view text) {
  const std::vector<std::string_view> parts = text::split(text, ' ');
  if (parts.size() != 3) return {};
  const auto state = state_of(parts[0]);
  const auto seconds = text::parse_decimal(parts[1]);
  const auto weight = text::parse_decimal(parts[2]);
  if (!state || !seconds || !weight || *seconds > seconds_max || *weight > limits::endpoint_weight) return {};
  return OperatorWord{.state = *state,
                      .said_at = WallTime{std::chrono::seconds{*seconds}},
                      .weight = static_cast<std::uint32_t>(*weight)};
}

}  // namespace weir
