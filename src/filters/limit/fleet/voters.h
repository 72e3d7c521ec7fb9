// Who takes a member's word, and who has said something and waits for an answer.
//
// Idea: every report says for how many members its sender takes the word of whoever it is sent to: a member for itself,
// a collector for its group. A vote lives for a while, so that of two that are voted for at once one soon is not.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/units.h"
#include "filters/limit/fleet/election.h"

namespace weir::limit::fleet {

class Voters {
 public:
  /// A vote that was not repeated for so long does not count any more. Members vote every 100 ms.
  static constexpr Duration vote_life = std::chrono::milliseconds{300};

  explicit Voters(std::size_t members) : votes_(members) {}

  /// \param voters  for whom it speaks; 0: it only asks
  void hear(MemberNumber from, std::uint16_t voters, Time now) {
    votes_[from] = {.at = now, .voters = voters, .waits = true};
    heard_ = now;
  }
  [[nodiscard]] bool votes(MemberNumber member, Time now) const {
    const Vote& vote = votes_[member];
    return vote.voters > 0 && now - vote.at <= vote_life;
  }
  /// Of all votes that live.
  [[nodiscard]] std::uint16_t count(Time now) const {
    std::uint32_t count = 0;
    for (std::size_t member = 0; member < votes_.size(); ++member) {
      if (votes(static_cast<MemberNumber>(member), now)) count += votes_[member].voters;
    }
    return static_cast<std::uint16_t>(count < 0xFFFF ? count : 0xFFFF);
  }
  [[nodiscard]] bool are_majority(std::uint16_t voters) const { return voters * 2U > votes_.size(); }
  /// Whether it has said anything since the last time this was asked.
  bool take_heard(MemberNumber member) { return std::exchange(votes_[member].waits, false); }
  /// When anybody last said anything.
  [[nodiscard]] Time heard() const { return heard_; }

 private:
  struct Vote {
    Time at{};
    std::uint16_t voters = 0;
    bool waits = false;
  };
  std::vector<Vote> votes_;
  Time heard_{};
};

}  // namespace weir::limit::fleet
