// What an operator said of an endpoint, as it is written down: a server that was taken out for repair must not get
// requests again because the gateway was restarted meanwhile.
//
//   draining 1764376140 0     the word, since when (seconds since 1970), the weight said (0: the configured one)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "upstream/availability.h"

namespace weir {

struct OperatorWord {
  AdminState state = AdminState::enabled;
  WallTime said_at{};
  std::uint32_t weight = 0;
  friend bool operator==(const OperatorWord&, const OperatorWord&) = default;
};

/// \returns  nothing when there is nothing to remember: it is as the configuration says
std::optional<std::string> write_word(const OperatorWord& word);
/// \returns  nothing when it is not what write_word() made
std::optional<OperatorWord> read_word(std::string_view text);

}  // namespace weir
