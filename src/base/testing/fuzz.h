// What fuzz targets share: saying what must hold, and that it does not matter how the bytes were cut.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace weir {

/// Stops the process, which is how a target tells the fuzzer what it found.
inline void demand(bool holds) {
  if (!holds) std::abort();
}

/// \param read  takes the input and how many bytes it sees at a time; what it returns can be compared
template <typename Read>
void demand_same_in_pieces(std::string_view input, Read read) {
  const auto whole = read(input, std::max<std::size_t>(input.size(), 1));
  for (const std::size_t piece_bytes : {1U, 2U, 3U, 7U}) demand(read(input, piece_bytes) == whole);
}

}  // namespace weir
