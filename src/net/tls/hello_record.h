// Which hellos have brought early data already: each may do so once (RFC 8446 section 8.2).
//
// Problem: what a client sends with its first flight (0-RTT) can be recorded and sent again by anybody on the way, to
// the same core or another. The library's own defence makes each ticket a session that is kept here and used once,
// which a renewed certificate or another context does not know, and which costs memory per client. Idea: tickets stay
// as they are. The library takes early data only within some ten seconds of the age that the client states
// (section 8.3), so it is enough to remember the hellos of a little longer than that: by their random number, which
// nobody can change without the ticket's key. One record for all cores and contexts of the process.
//
// Invariants
//   (1) No hello is taken twice within its window; what is taken by mistake to have been seen only costs a round trip.
//   (2) Memory is bounded: when too many come nothing early is taken until some are forgotten.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_set>

#include "base/crypto.h"
#include "base/units.h"

namespace weir::tls {

class HelloRecord {
 public:
  /// The library's window is 10 s, and whole seconds are compared: 12 at most.
  static constexpr Duration window = std::chrono::seconds{16};
  /// In one window, 40 bytes each and twice: 4,096 early hellos a second. Others come a round trip later.
  static constexpr std::size_t hellos_max = 65'536;

  /// Whether a hello may bring early data; if so, it is remembered.
  /// \param random  of the hello, as it came
  /// \param now     of the machine, never going back
  bool admit(std::span<const std::uint8_t> random, Time now);
  /// The same where others have the keys of tickets, too, and may have taken it before this process knew of anything:
  /// for the first window nothing is taken.
  bool admit_of_shared_keys(std::span<const std::uint8_t> random, Time now);

 private:
  void forget(Time now);

  const crypto::HashKey key_ = crypto::HashKey::random();  // clients choose random numbers, and none that meet here
  std::mutex mutex_;                                       // held for a moment, once for each early hello
  std::array<std::unordered_set<std::uint64_t>, 2> seen_;  // in this window, in the one before
  Time window_until_{};
  std::optional<Time> begun_;  // when the first was heard of
};

}  // namespace weir::tls
