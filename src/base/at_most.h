// At most so many at once, on whatever cores; nobody waits.
//
// Problem: what strangers can cause again and again (a look at the disk, a question to somebody else) must be bounded
// for the whole machine, also when the disk hangs and whoever asked has long given up. Idea: whoever begins takes a
// place and gives it to the work itself; who finds none does without.
//
//   if (const AtMost::Place place = looks.enter()) ...
//
// Invariants
//   (1) No more than `most` places are held, by whichever threads.
//   (2) A place may outlive what handed it out.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace weir {

class AtMost {
 public:
  explicit AtMost(unsigned most) : most_(most) {}

  class Place {
   public:
    Place() = default;
    Place(Place&&) noexcept = default;
    Place& operator=(Place&& other) noexcept {
      leave();
      held_ = std::move(other.held_);
      return *this;
    }
    ~Place() { leave(); }
    /// Whether it is one.
    explicit operator bool() const { return held_ != nullptr; }

   private:
    friend class AtMost;
    explicit Place(std::shared_ptr<std::atomic<unsigned>> held) : held_(std::move(held)) {}
    void leave() {
      if (const auto held = std::exchange(held_, nullptr)) held->fetch_sub(1, std::memory_order_relaxed);
    }

    std::shared_ptr<std::atomic<unsigned>> held_;
  };

  /// \returns  an empty one when all are taken
  [[nodiscard]] Place enter() {
    if (taken_->fetch_add(1, std::memory_order_relaxed) < most_) return Place(taken_);
    taken_->fetch_sub(1, std::memory_order_relaxed);
    return {};
  }

 private:
  const unsigned most_;
  const std::shared_ptr<std::atomic<unsigned>> taken_ = std::make_shared<std::atomic<unsigned>>(0);
};

}  // namespace weir
