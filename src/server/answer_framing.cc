// The rule of answer_framing.h: HEAD, 204 and 304 (RFC 9110 sections 6.4.1 and 9.3.2).
#include "server/answer_framing.h"

#include <array>
#include <charconv>

#include "base/fault.h"

namespace weir {
namespace {

void tell_length(ResponseHead& head) {
  std::array<char, 20> digits;  // of 2^64 - 1
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), head.framing.length);
  head.fields.set(FieldName::content_length, head.fields.arena().copy({digits.data(), written.ptr}));
}

}  // namespace

bool take_content_from_those_without(Method asked_with, Answer& answer) {
  const bool asks_for_head = asked_with == Method::head && !fault(Fault::body_on_head_response);
  const bool has_none = has_no_content(answer.head.status);
  if (!asks_for_head && !has_none) return false;
  if (answer.head.framing.kind == Framing::Kind::length && !has_none) tell_length(answer.head);
  answer.head.framing = {};
  answer.body.reset();
  return true;
}

}  // namespace weir
