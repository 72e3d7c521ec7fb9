// Names that are remembered for a while, and no more of them than so many: strangers make up as many as they like.
//
// Idea: all are remembered for the same time, so that they are over in the order in which they came. When it is full
// the oldest goes. Nothing is ever searched through.
//
// Invariants
//   (1) order_ has at most `most` entries, and each name of until_ is in it.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/units.h"

namespace weir::acme {

class ShortMemory {
 public:
  ShortMemory(Duration holds, std::size_t most) : holds_(holds), most_(most) {}

  void add(const std::string& name, Time now) {
    while (!order_.empty() && (order_.size() >= most_ || order_.front().first <= now)) forget_oldest();
    order_.emplace_back(now + holds_, name);
    until_[name] = now + holds_;
  }
  [[nodiscard]] bool has(std::string_view name, Time now) const {
    const auto found = until_.find(name);
    return found != until_.end() && now < found->second;
  }

 private:
  void forget_oldest() {
    const auto found = until_.find(order_.front().second);
    // One that was added again is there once more, further back.
    if (found != until_.end() && found->second == order_.front().first) until_.erase(found);
    order_.pop_front();
  }

  const Duration holds_;
  const std::size_t most_;
  std::deque<std::pair<Time, std::string>> order_;
  std::map<std::string, Time, std::less<>> until_;
};

}  // namespace weir::acme
