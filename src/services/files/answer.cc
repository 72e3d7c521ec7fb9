// The order of the decisions of answer.h.
#include "services/files/answer.h"

#include <array>

#include "http/conditional.h"

namespace weir::files {
namespace {

/// The variant that the client likes best, or the file itself.
ContentCoding choose_coding(const Fields& request, const std::vector<Variant>& variants) {
  if (variants.empty() || !request.has(FieldName::accept_encoding)) return ContentCoding::identity;
  std::array<ContentCoding, content_coding_count> offered;
  std::size_t count = 0;
  for (const Variant& variant : variants) offered[count++] = variant.coding;
  return AcceptedCodings::of(request).best_of({offered.data(), count});
}

}  // namespace

AnswerDecision decide_answer(const RequestHead& request, const FilePointer& entry, WallTime now) {
  AnswerDecision decision;
  decision.file = &entry;
  decision.coding = choose_coding(request.fields, entry->variants);
  for (const Variant& variant : entry->variants) {
    if (variant.coding == decision.coding) decision.file = &variant.file;
  }
  const FileEntry& file = **decision.file;
  Validators validators{.etag = file.etag};
  if (!file.last_modified.empty()) {
    validators.last_modified = std::chrono::floor<std::chrono::seconds>(file.facts.modified);
  }
  const ConditionDecision condition = decide_condition(request.fields, true, validators);
  if (condition.verdict != ConditionVerdict::proceed) {
    decision.status = condition.verdict == ConditionVerdict::failed ? 412 : 304;
    decision.reason = condition.reason;
    return decision;
  }
  // Range is defined for GET only (RFC 9110 section 14.2).
  const Field* const range = request.method == Method::get ? request.fields.find(FieldName::range) : nullptr;
  if (range == nullptr) return decision;
  if (!range_applies(request.fields, validators, now)) {
    decision.reason = "if_range";
    return decision;
  }
  decision.ranges = decide_ranges(range->value, file.facts.bytes);
  decision.reason = decision.ranges.reason;
  if (decision.ranges.kind == RangeDecision::Kind::partial) decision.status = 206;
  if (decision.ranges.kind == RangeDecision::Kind::unsatisfiable) decision.status = 416;
  return decision;
}

}  // namespace weir::files
