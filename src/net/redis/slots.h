// Which part of a Redis Cluster a key belongs to, and who says so.
//
// Source: https://redis.io/docs/reference/cluster-spec (16384 slots, CRC16 of the key or of what stands in its first
// braces, CLUSTER SLOTS, MOVED and ASK).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/redis/resp.h"

namespace weir::redis {

inline constexpr std::uint16_t slot_count = 16384;

/// The slot of a key: of the text between its first `{` and the next `}` when there is some, else of all of it.
std::uint16_t slot_of(std::string_view key);

/// Slots that one master serves.
struct SlotRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  Endpoint master;
  friend bool operator==(const SlotRange&, const SlotRange&) = default;
};

/// What CLUSTER SLOTS answered. \param asked  who answered: stands for a master that names no host of its own
/// \errors  unexpected_bytes for what is no such table, and the server's own error as bad answer
Result<std::vector<SlotRange>> read_slots(const Value& answer, const Endpoint& asked);

/// Where an answer sends us: `MOVED 3999 10.0.0.1:6381`, `ASK ...`.
struct Redirection {
  enum class Kind : std::uint8_t { moved, ask } kind = Kind::moved;
  std::uint16_t slot = 0;
  Endpoint to;
};
/// \param asked  who answered: stands for an empty host. Nothing for an answer that is no redirection, or none we know.
std::optional<Redirection> read_redirection(const Value& answer, const Endpoint& asked);

}  // namespace weir::redis
