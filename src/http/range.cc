// Reading range-specs, and the policy of range.h.
#include "http/range.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace weir {
namespace {

/// A position; those beyond all numbers are the largest there is. Nothing for what is no number.
std::optional<ByteCount> parse_position(std::string_view digits) {
  if (digits.empty() || !std::ranges::all_of(digits, &text::is_digit)) return {};
  return text::parse_decimal(digits).value_or(unbounded);
}

enum class Spec : std::uint8_t { satisfiable, unsatisfiable, malformed };

/// `0-499`, `500-`, `-500` (section 14.1.2).
Spec parse_spec(std::string_view text, ByteCount length, ByteRange& range) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return Spec::malformed;
  const std::string_view front = text.substr(0, dash);
  const std::string_view back = text.substr(dash + 1);
  if (front.empty()) {
    const auto suffix = parse_position(back);
    if (!suffix) return Spec::malformed;
    if (*suffix == 0 || length == 0) return Spec::unsatisfiable;
    range = {.first = length - std::min(*suffix, length), .last = length - 1};
    return Spec::satisfiable;
  }
  const auto first = parse_position(front);
  const auto last = back.empty() ? std::optional(unbounded) : parse_position(back);
  if (!first || !last || *last < *first) return Spec::malformed;
  if (*first >= length) return Spec::unsatisfiable;
  range = {.first = *first, .last = std::min(*last, length - 1)};
  return Spec::satisfiable;
}

RangeDecision whole(std::string_view reason) {
  return {.reason = reason};
}

}  // namespace

RangeDecision decide_ranges(std::string_view value, ByteCount length) {
  const std::size_t equals = value.find('=');
  if (equals == std::string_view::npos) return whole("malformed");
  if (!text::equal_ignoring_case(value.substr(0, equals), "bytes")) return whole("unknown_unit");

  RangeDecision decision;
  std::string_view ignored;
  std::size_t specs = 0;
  ByteCount together = 0;
  text::for_each_member(value.substr(equals + 1), [&](std::string_view text) {
    ++specs;
    ByteRange range;
    const Spec spec = parse_spec(text, length, range);
    if (spec == Spec::malformed) ignored = "malformed";
    if (spec != Spec::satisfiable) return;
    if (decision.count == limits::ranges) {
      if (ignored.empty()) ignored = "too_many";
      return;
    }
    decision.parts[decision.count++] = range;
    together += range.bytes();
  });
  if (!ignored.empty()) return whole(ignored);
  if (specs == 0) return whole("malformed");
  if (decision.count == 0) return {.kind = RangeDecision::Kind::unsatisfiable};
  if (together > length) return whole("more_than_all");
  decision.kind = RangeDecision::Kind::partial;
  return decision;
}

}  // namespace weir
