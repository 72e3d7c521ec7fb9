// The name under which every core keeps one state of a plug-in.
//
// Problem: a state is found again after a reload by its name, and looking for a name costs each request a hash of
// twenty bytes and four cold cache lines (1.4 % of a proxied request's instructions).
// Idea: a name gets a number when it is first spoken of, which is while a configuration is compiled; cores keep their
// states by number. Equal names have equal numbers for as long as the process runs, so that a reload changes nothing.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir {

class StateKey {
 public:
  /// Any thread. Takes a lock: make keys with the configuration, or once.
  explicit StateKey(std::string_view name);

  [[nodiscard]] std::size_t number() const { return number_; }

 private:
  std::size_t number_;
};

}  // namespace weir
