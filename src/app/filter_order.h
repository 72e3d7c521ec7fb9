// Orders of filters that defeat themselves.
//
// Problem: filters run as they are written, and some orders do what nobody wants: an authority that judges the path
// after it was rewritten lets in whom it should not.
// Idea: a short table of pairs with the reason; whoever compiles a route asks it. Doubts are warnings: there may be a
// reason that we do not know.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct OrderDoubt {
  std::size_t second = 0;  ///< which of the filters stands too late or too early
  std::string message;
  std::string suggestion;
};

/// Pure. \param filters  names in the order in which they run
std::vector<OrderDoubt> doubts_about_order(std::span<const std::string> filters);

}  // namespace weir
