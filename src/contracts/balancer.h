// A balancer picks an endpoint: a pure function of the facts it is given.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weir {

struct EndpointFacts {
  std::uint32_t in_flight = 0;
  std::uint32_t weight = 1;
  bool available = true;  ///< not ejected, not drained, not just tried
};

/// Loads and the random draw are facts: the same facts give the same pick.
struct PickFacts {
  std::span<const EndpointFacts> endpoints;
  std::uint64_t turn = 0;  ///< how many picks this shard made before
  std::uint64_t draw = 0;  ///< uniform random bits
};

struct Pick {
  std::uint32_t endpoint = 0;
  std::string_view reason;  ///< static: "round_robin"
};

class Balancer {
 public:
  virtual ~Balancer() = default;
  /// \returns  nothing when no endpoint is available
  [[nodiscard]] virtual std::optional<Pick> pick(const PickFacts& facts) const = 0;
  [[nodiscard]] virtual std::string_view name() const = 0;
};

}  // namespace weir
