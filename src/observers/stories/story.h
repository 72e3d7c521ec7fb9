// The story of one exchange: who asked for what, what was decided, when things happened, how it ended.
//
// Problem: a question about a request comes when the request is over, its arena given back and its configuration
// perhaps destroyed; and a million requests pass that nobody ever asks about.
// Idea: at its end an exchange is copied into at most story_bytes_max bytes that refer to nothing of it: numbers as
// they are, texts one behind the other, and pointers only to what is never given back (static words, interned file
// names). Nothing is formatted or allocated. Read back, it is a value that can be printed, filtered, and decided again.
//
// Texts of a request that are longer than text_bytes_max are cut, and what does not fit is left out; `cut` says so.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "contracts/exchange.h"

namespace weir {

/// The moments of an exchange, in the order in which they usually come.
enum class Moment : std::uint8_t {
  head_read,
  upstream_leased,
  upstream_sent,
  upstream_head,
  response_head,
  last_byte,
};
inline constexpr std::size_t moments = 6;

/// One decision of a past exchange.
struct StoryDecision {
  std::string_view room;
  std::string_view verdict;
  std::string_view subject;
  std::string_view reason;
  Place place;
  Duration at{};           ///< since the first byte of the request
  std::string_view facts;  ///< contracts/decision.h; empty when not kept
};

/// A story as it is read. Texts are views into the bytes it was read from.
struct Story {
  std::string_view request_id;
  std::string_view configuration;  ///< the first digits of its hash
  std::string_view listener;
  std::string_view method;
  std::string_view authority;  ///< as asked for
  std::string_view target;     ///< as written: print it redacted
  std::string_view route;      ///< empty when none took it
  std::string_view filters;    ///< of the route, a space between two
  std::string_view upstream;
  std::string_view endpoint;

  WallTime ended{};
  Duration duration{};
  Duration connected_for{};                         ///< how long the connection had been there when the request began
  std::array<std::optional<Duration>, moments> at;  ///< since the first byte of the request, in microseconds

  Status status = 0;
  bool complete = false;
  bool cut = false;
  std::optional<Error> error;
  ClientAddress client;
  Version version = Version::http_1_1;
  unsigned attempts = 0;
  unsigned steps_entered = 0;
  ByteCount request_body_bytes = 0;
  ByteCount response_body_bytes = 0;
  std::vector<StoryDecision> decisions;

  [[nodiscard]] std::optional<Duration> when(Moment moment) const { return at[static_cast<std::size_t>(moment)]; }
};

/// Writes the story of an exchange that is over. \param room  story_bytes_max bytes
/// \returns  how many of them were used, a multiple of eight
std::size_t write_story(char* room, const Exchange& exchange, const Delivery& delivery, WallTime ended);

/// \param bytes  what write_story() wrote. Invariant: nothing else
Story read_story(std::string_view bytes);

/// Whether the story is of a request whose id begins with `id`, without reading the rest.
bool has_request_id(std::string_view bytes, std::string_view id);

/// Whether a story should outlive ordinary ones: something failed that the client was not to blame for, or it took
/// long. Tunnels are long by nature.
bool is_notable(const Exchange& exchange, const Delivery& delivery, Duration slow);

inline constexpr std::size_t text_bytes_max = 1024;

}  // namespace weir
