// Which bytes of a representation a request asks for (RFC 9110 section 14).
//
// Idea: one pure function from the Range field and the representation's length to what is to be sent. What is
// malformed, in a unit nobody knows, or asks for more work than the whole, is answered with the whole: section 14.2
// lets a server ignore Range whenever it likes.
//
// Invariants
//   (1) The ranges of a partial answer lie within the representation, in the order in which they were asked for, and
//       together are no longer than it: overlaps cannot make an answer grow.
//   (2) There are at most limits::ranges of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/limits.h"
#include "base/units.h"
#include "http/fields.h"

namespace weir {

struct ByteRange {
  ByteCount first = 0;
  ByteCount last = 0;  ///< inclusive

  [[nodiscard]] ByteCount bytes() const { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

struct RangeDecision {
  enum class Kind : std::uint8_t {
    whole,          ///< 200
    partial,        ///< 206
    unsatisfiable,  ///< 416
  };
  Kind kind = Kind::whole;
  std::string_view reason;  ///< why the whole although ranges were asked for: "malformed", "too_many" ...; else empty
  std::array<ByteRange, limits::ranges> parts{};
  std::size_t count = 0;

  [[nodiscard]] std::span<const ByteRange> ranges() const { return {parts.data(), count}; }
};

/// \param value  of the one Range field of a GET request
RangeDecision decide_ranges(std::string_view value, ByteCount length);

}  // namespace weir
