// The method decides whether the field says anything.
#include "http/max_forwards.h"

#include "base/text.h"

namespace weir {

std::optional<std::uint64_t> forwards_left(const RequestHead& request) {
  if (request.method != Method::options && request.method != Method::trace) return {};
  const Field* const said = request.fields.find("max-forwards");
  return said == nullptr ? std::nullopt : text::parse_decimal(said->value);
}

}  // namespace weir
