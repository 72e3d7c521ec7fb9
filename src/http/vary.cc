// One line rather than two: some caches look at the first only.
#include "http/vary.h"

#include "base/text.h"

namespace weir {

void add_vary(Fields& answer, std::string_view name) {
  Field* line = nullptr;
  bool there = false;
  for (Field& field : answer.lines()) {
    if (field.id != FieldName::vary) continue;
    line = &field;
    text::for_each_member(field.value, [&](std::string_view member) {
      there |= member == "*" || text::equal_ignoring_case(member, name);
    });
  }
  if (there) return;
  if (line != nullptr && !line->value.empty()) {
    line->value = answer.arena().join(line->value, ", ", name);
  } else {
    answer.set(FieldName::vary, name);
  }
}

}  // namespace weir
