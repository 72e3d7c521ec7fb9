// Who sent a datagram a moment ago and was refused: not asked about again so soon.
//
// Problem: to refuse a client costs an exchange, its filters and a line in the log, and a stranger may send thousands
// of datagrams a second. Idea: who was refused stands in a table of fixed size, under a keyed hash, and what else it
// sends meanwhile is dropped for one look. Two who share a place push each other out; that costs one of them a second
// refusal, and nobody a byte.
//
// Invariants
//   (1) Nobody is in it who was not refused within `pause`; the table never grows.
#pragma once

#include <cstddef>
#include <vector>

#include "base/units.h"

namespace weir {

class RecentRefusals {
 public:
  static constexpr Duration pause = std::chrono::seconds{1};
  /// 16 KiB; a flood from more senders than that is a line in the log for some of them each second, and no more.
  static constexpr std::size_t places = 1024;

  /// \param who  a hash that nobody can choose
  void add(std::size_t who, Time now) {
    if (table_.empty()) table_.resize(places);
    table_[who % places] = {.who = who, .until = now + pause};
  }
  [[nodiscard]] bool contains(std::size_t who, Time now) const {
    if (table_.empty()) return false;
    const Refusal& refusal = table_[who % places];
    return refusal.who == who && now < refusal.until;
  }

 private:
  struct Refusal {
    std::size_t who = 0;
    Time until{};
  };

  std::vector<Refusal> table_;  // empty until somebody is refused
};

}  // namespace weir
