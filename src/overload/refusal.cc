// Retry-After is whole seconds, rounded up (RFC 9110 section 10.2.3).
#include "overload/refusal.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace weir {

Error refusal(Exchange& exchange, Code code, const Refusal& refused) {
  Arena& arena = exchange.arena;
  const auto seconds = std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(refused.wait).count());
  auto* const fields = arena.make<Fields>(arena);
  const std::string_view number = arena.copy(std::to_string(seconds));
  fields->append(FieldName::retry_after, number);
  auto* const details = arena.make<ErrorDetails>();
  details->fields = fields;
  details->detail = arena.join(refused.sentence, " (\"", refused.subject, "\"); try again in ", number, " s");
  std::string name;
  text::append_json_string(name, refused.subject);
  details->problem_members =
      arena.join(",\"refused-by\":\"", refused.by, "\",\"name\":", name, ",\"because\":\"", refused.reason, "\"");
  exchange.error_details = details;
  return gateway_error(code).with(Retry::unsent);
}

}  // namespace weir
