// A list, or the one thing that stands for a list of it.
#pragma once

#include "contracts/schema.h"

namespace weir::config {

/// Calls `read` for each item of a list, or once for what is none.
template <typename Read>
bool for_each_item(const Node& node, const Reading& reading, Read read) {
  if (!node.is_list()) return node.is_null() || read(node, reading);
  bool good = true;
  for (std::size_t index = 0; const Node& item : node.items()) good = read(item, reading.item(index++)) && good;
  return good;
}

}  // namespace weir::config
