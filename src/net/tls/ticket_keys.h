// What session tickets are sealed with: three keys that move on with time.
//
// Problem: a ticket lets a client resume without a full handshake, and whoever has its key can read what was said under
// it; but a key that goes at once takes the tickets of all clients with it.
// Idea: a ring of three. The first seals, the two behind it still open. Every turn a new one comes and the last goes.
// All cores share the ring, so that a client may come back on any of them. Several machines share one by reading the
// same file; who writes that file moves its keys on, and the ring stands still.
//
// Invariants
//   (1) A key that is not from a file seals for one turn and opens for three; a ticket lives at most two turns, so its
//       key outlives it.
//   (2) Keys are never written anywhere.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/units.h"

namespace weir::tls {

struct TicketKey {
  std::array<std::uint8_t, 16> name{};
  std::array<std::uint8_t, 32> cipher{};  ///< AES-256-CBC, as OpenSSL seals tickets itself (RFC 5077 section 4)
  std::array<std::uint8_t, 32> mac{};     ///< HMAC-SHA-256
  static constexpr std::size_t bytes = 80;
};

class TicketKeys {
 public:
  static constexpr Duration turn = std::chrono::hours{8};
  static constexpr std::size_t slots = 3;

  /// Random keys, which the ring changes by itself.
  TicketKeys() = default;
  /// Keys that stay. \param file  one to three keys of 80 bytes, one behind the other, each as nginx has it: its name
  /// (16), what signs (32), what encrypts (32). The first seals, all open.
  /// \returns  or what is wrong with the file, for people
  static std::expected<std::shared_ptr<TicketKeys>, std::string> read(std::string_view file);

  /// What is sealed with now. \param now  of any reactor: they all have the machine's clock
  TicketKey sealing(Time now);
  /// The key of that name, and whether it is still the first.
  struct Opening {
    TicketKey key;
    bool first = false;
  };
  std::optional<Opening> opening(std::span<const std::uint8_t, 16> name, Time now);
  /// Whether somebody else may have the keys: another machine, or this one before it was started.
  [[nodiscard]] bool from_file() const { return stands_; }

 private:
  void move_on(Time now);

  std::mutex mutex_;  // held for a moment, once for each ticket
  std::array<TicketKey, slots> ring_{};
  std::size_t filled_ = 0;
  bool stands_ = false;  // from a file
  Time first_until_{};
};

}  // namespace weir::tls
