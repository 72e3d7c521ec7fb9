// What a peer may make us do for nothing.
//
// Problem: HTTP/2 has a dozen frames that cost their receiver work and their sender nothing: PING, SETTINGS, credit,
// empty content, requests that are taken back at once (CVE-2019-9511 to 9518, CVE-2023-44487).
// Idea: two purses. One pays for frames that bring nothing; what brings something (a request, content in either
// direction) fills it a little, so that a busy connection may talk as much as it needs. The other pays for requests
// that are taken back unanswered. Both fill with time. An empty purse ends the connection, with the reason.
//
// Invariants
//   (1) Pure: time is an argument; the same notes at the same times give the same verdicts.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/limits.h"
#include "base/purse.h"

namespace weir::h2 {

/// For which frames a connection was ended; as metrics and logs name it.
enum class Flood : std::uint8_t {
  none,
  resets,
  pings,
  settings,
  priorities,
  credit,
  empty_content,
  unknown_frames,
  heads
};
inline constexpr std::size_t flood_count = static_cast<std::size_t>(Flood::heads) + 1;

constexpr std::string_view name_of(Flood flood) {
  switch (flood) {
    case Flood::none:
      return "protocol_violation";
    case Flood::resets:
      return "reset_flood";
    case Flood::pings:
      return "ping_flood";
    case Flood::settings:
      return "settings_flood";
    case Flood::priorities:
      return "priority_flood";
    case Flood::credit:
      return "window_update_flood";
    case Flood::empty_content:
      return "empty_data_flood";
    case Flood::unknown_frames:
      return "unknown_frame_flood";
    case Flood::heads:
      return "head_flood";
  }
  return "";
}

class FloodGuard {
 public:
  explicit FloodGuard(Time now)
      : frames_(now, limits::h2_idle_frames_at_once, limits::h2_idle_frames_per_second),
        resets_(now, limits::h2_resets_at_once, limits::h2_resets_per_second) {}

  /// A frame that brought nothing. \returns  false when there were too many
  bool note(Flood kind, Time now) {
    const bool good = (kind == Flood::resets ? resets_ : frames_).pay(now);
    if (!good) flood_ = kind;
    return good;
  }
  /// A frame that brought or took something.
  void note_useful() { frames_.earn(limits::h2_idle_frames_per_useful); }
  void note_excessive_head() { flood_ = Flood::heads; }
  /// What there was too much of; none so far.
  [[nodiscard]] Flood flood() const { return flood_; }

 private:
  Purse frames_;
  Purse resets_;
  Flood flood_ = Flood::none;
};

}  // namespace weir::h2
