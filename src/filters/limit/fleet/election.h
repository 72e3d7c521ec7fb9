// Which members do something for all: by rendezvous hashing, so that everybody agrees without a word.
//
// Idea: each member has a weight for each subject (a slot of the exchange, a key), mixed from both. The heaviest does
// it; when it is not there, the next does (Thaler and Ravishankar, 1998). A member that comes or goes moves only what
// it does itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::limit::fleet {

/// A member among the others, in the order of their names: the same number at every member.
using MemberNumber = std::uint16_t;

class Election {
 public:
  /// \param names  of all members, sorted, no two alike
  explicit Election(std::span<const std::string> names);

  /// The members in the order in which they do it, at most `most` of them.
  [[nodiscard]] std::vector<MemberNumber> order(std::uint64_t subject, std::size_t most) const;
  /// The first of them, without sorting all: for few.
  [[nodiscard]] std::vector<MemberNumber> heaviest(std::uint64_t subject, std::size_t most) const;
  /// The first of them.
  [[nodiscard]] MemberNumber first(std::uint64_t subject) const;
  [[nodiscard]] std::size_t members() const { return marks_.size(); }

 private:
  std::vector<std::uint64_t> marks_;  // of the names
};

}  // namespace weir::limit::fleet
