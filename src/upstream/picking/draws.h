// Endpoints by lot, one after another, each as likely as its weight says; none twice and none that was tried.
//
// Idea: the 64 random bits of a pick are enough for two; more are mixed from them. One that was drawn before is drawn
// again, a few times; with hardly anybody left to draw, the next one in the list is taken instead of waiting for luck.
#pragma once

#include <array>

#include "contracts/balancer.h"

namespace weir {

class Draws {
 public:
  static constexpr std::size_t draws_max = 8;

  explicit Draws(const PickFacts& facts) : facts_(facts), bits_(facts.draw) {}

  /// \returns  nothing when all were drawn or tried
  std::optional<std::uint32_t> next() {
    const EndpointGroup& group = *facts_.group;
    for (int luck = 0; luck < 4; ++luck) {
      const std::uint32_t drawn = group.member_by(more_bits());
      if (is_new(drawn)) return keep(drawn);
    }
    const std::size_t begin = (std::uint64_t{more_bits()} * group.members.size()) >> 32;
    for (std::size_t step = 0; step < group.members.size(); ++step) {
      std::size_t at = begin + step;
      if (at >= group.members.size()) at -= group.members.size();
      if (is_new(group.members[at])) return keep(group.members[at]);
    }
    return {};
  }

 private:
  std::uint32_t more_bits() {
    if (halves_ == 2) {
      bits_ = (bits_ ^ (bits_ >> 31)) * 0x9E3779B97F4A7C15U;
      halves_ = 0;
    }
    return static_cast<std::uint32_t>(halves_++ == 0 ? bits_ >> 32 : bits_);
  }
  [[nodiscard]] bool is_new(std::uint32_t number) const {
    for (std::size_t at = 0; at < count_; ++at) {
      if (drawn_[at] == number) return false;
    }
    return facts_.tried.empty() || !facts_.was_tried(number);
  }
  std::uint32_t keep(std::uint32_t number) {
    if (count_ < draws_max) drawn_[count_++] = number;
    return number;
  }

  const PickFacts& facts_;
  std::uint64_t bits_;
  unsigned halves_ = 0;
  std::size_t count_ = 0;
  std::array<std::uint32_t, draws_max> drawn_;  // not initialised: only what is kept is read
};

}  // namespace weir
