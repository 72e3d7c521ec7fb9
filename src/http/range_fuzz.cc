// Any bytes as Range, for any length: what is to be sent lies within the representation and is no longer than it.
#include <cstring>
#include <string_view>

#include "base/testing/fuzz.h"
#include "http/range.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  weir::ByteCount length = 0;
  if (size < sizeof(length)) return 0;
  std::memcpy(&length, data, sizeof(length));
  const std::string_view value(reinterpret_cast<const char*>(data) + sizeof(length), size - sizeof(length));
  const weir::RangeDecision decision = weir::decide_ranges(value, length);
  weir::demand(decision.count <= weir::limits::ranges);
  if (decision.kind != weir::RangeDecision::Kind::partial) return 0;
  weir::demand(decision.count > 0 && decision.reason.empty());
  weir::ByteCount together = 0;
  for (const weir::ByteRange& range : decision.ranges()) {
    weir::demand(range.first <= range.last && range.last < length);
    together += range.bytes();
  }
  weir::demand(together <= length);
  return 0;
}
