// Whom a member, or a collector, takes the word of: the first of an order that answers.
//
// Idea: whoever is asked answers within an interval or two, and within 100 ms when there is nothing to say. Who has not
// answered for 300 ms is gone, and the next is taken; those in front of it are asked now and then whether they are
// back.
#pragma once

#include <optional>
#include <vector>

#include "base/units.h"
#include "filters/limit/fleet/election.h"

namespace weir::limit::fleet {

/// How often a member that has nothing to report says that it is there.
inline constexpr Duration heartbeat = std::chrono::milliseconds{100};
/// After so long without a word a member counts as gone.
inline constexpr Duration patience = std::chrono::milliseconds{300};

class Upward {
 public:
  explicit Upward(std::vector<MemberNumber> order) : order_(std::move(order)), answered_(order_.size(), Time{}) {}

  void answered(MemberNumber from, Time now) {
    for (std::size_t at = 0; at < order_.size(); ++at) {
      if (order_[at] == from) answered_[at] = now;
    }
  }
  void lose(MemberNumber from) { answered(from, Time{}); }

  /// Where in the order the one is that is taken; behind its end while nobody answers.
  [[nodiscard]] std::size_t place(Time now) const {
    std::size_t at = 0;
    while (at < order_.size() && !(answered_[at] != Time{} && now - answered_[at] <= patience)) ++at;
    return at;
  }
  [[nodiscard]] std::optional<MemberNumber> taken(Time now) const {
    const std::size_t at = place(now);
    return at < order_.size() ? std::optional(order_[at]) : std::nullopt;
  }
  [[nodiscard]] const std::vector<MemberNumber>& order() const { return order_; }

  Time reported{};  ///< when something was said to the one that is taken
  Time probed{};    ///< when those in front of it were asked

 private:
  std::vector<MemberNumber> order_;
  std::vector<Time> answered_;
};

}  // namespace weir::limit::fleet
