// What a client says about the order in which it wants its answers (RFC 9218).
#pragma once

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace weir::h2 {

struct Priority {
  unsigned urgency = 3;      ///< 0 is most urgent, 7 least
  bool incremental = false;  ///< useful in parts, beside others of its urgency

  friend bool operator==(const Priority&, const Priority&) = default;
};

/// Reads a Priority field. What is not understood was not said, as RFC 9218 section 4 asks.
constexpr Priority priority_of(std::string_view value) {
  Priority priority;
  text::for_each_member(value, [&](std::string_view member) {
    member = text::trim(member.substr(0, member.find(';')));
    if (member.size() == 3 && member.starts_with("u=") && member[2] >= '0' && member[2] <= '7') {
      priority.urgency = static_cast<unsigned>(member[2] - '0');
    } else if (member == "i" || member == "i=?1") {
      priority.incremental = true;
    } else if (member == "i=?0") {
      priority.incremental = false;
    }
  });
  return priority;
}

}  // namespace weir::h2
