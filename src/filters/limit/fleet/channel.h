// How two members know one another, and how their messages are sealed.
//
// Problem: whoever can reach a member's port must neither be believed nor learn what is limited; and what was recorded
// yesterday must say nothing today, whatever the clocks say.
// Idea: both sides begin with a random number. From these, from the fleet's key and its name follow two keys that serve
// this one connection, one for each direction; messages are sealed with a counter (base/crypto.h). So a message of
// another connection, of another place in this one, or of somebody without the key does not open, and no clock is
// asked.
//
//   hello    magic (8), random number (32), which key (8)    from both, not sealed; the accepting side answers with the
//                                                            key that the other chose, if it has it
//   frame    length (2, little-endian), sealed message       the first is the sender's name
//
// Keys rotate: a member seals with its first and opens with all, so a new one is put last everywhere, then first, and
// then the old one is taken out.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/limits.h"

namespace weir::limit::fleet {

using Challenge = std::array<std::uint8_t, 32>;

struct Hello {
  Challenge challenge{};
  std::array<std::uint8_t, 8> key{};  ///< which: the beginning of a digest of it
};

inline constexpr std::size_t hello_bytes = 48;
/// A frame that says it is longer is refused before anything is read of it.
inline constexpr std::size_t frame_bytes_max = limits::fleet_message_bytes + crypto::Seal::overhead_bytes;

std::string write(const Hello& hello);
std::optional<Hello> read_hello(std::string_view bytes);

/// The fleet's keys, the one that seals first.
class KeyRing {
 public:
  KeyRing(const std::string& fleet, const std::vector<std::string>& secrets);

  [[nodiscard]] Hello hello() const;                                    ///< with the first key
  [[nodiscard]] std::optional<Hello> answer(const Hello& other) const;  ///< with the other's, if it is one of ours
  /// The key of tables and fingerprints: the same at all members while their first key is.
  [[nodiscard]] crypto::HashKey fingerprints(std::string_view rule) const;

 private:
  friend class Channel;
  struct Entry {
    std::array<std::uint8_t, 8> mark;
    crypto::Key key;
  };
  [[nodiscard]] const Entry* find(const std::array<std::uint8_t, 8>& mark) const;

  std::string fleet_;
  std::vector<Entry> entries_;
};

/// A connection after both hellos.
class Channel {
 public:
  enum class Side : std::uint8_t { dials, accepts };

  /// \pre both hellos name the same key of the ring
  Channel(const KeyRing& ring, Side side, const Hello& dialed, const Hello& accepted);

  /// A message as it goes on the wire.
  std::string frame(std::string_view message);

  /// Takes the next message from the front of what was received; `bytes` then begins behind it.
  struct Taken {
    enum class What : std::uint8_t { message, incomplete, refused } what = What::incomplete;
    std::string message;
  };
  Taken take(std::string_view& bytes);

 private:
  crypto::Seal out_;
  crypto::Seal in_;
};

}  // namespace weir::limit::fleet
