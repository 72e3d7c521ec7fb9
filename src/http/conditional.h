// Whether a request's conditions let it go on (RFC 9110 section 13).
//
// Idea: one pure function over the request's fields and what the server knows of the selected representation. It
// follows the order of section 13.2.2; whoever serves something that has validators asks it before doing anything else.
#pragma once

#include <optional>
#include <string_view>

#include "base/units.h"
#include "http/fields.h"

namespace weir {

/// What identifies a representation.
struct Validators {
  std::string_view etag;                  ///< as in the field, quotes included; empty when there is none
  std::optional<WallTime> last_modified;  ///< whole seconds
};

enum class ConditionVerdict : std::uint8_t { proceed, not_modified, failed };

struct ConditionDecision {
  ConditionVerdict verdict = ConditionVerdict::proceed;
  std::string_view reason;  ///< "if_none_match", "if_modified_since" ...: the field that decided; empty when none did
};

/// For a representation that exists. \param reads  the method is GET or HEAD
/// A date that cannot be read, and a date behind an entity-tag condition, is as good as absent (section 13.1.3).
ConditionDecision decide_condition(const Fields& request, bool reads, const Validators& validators);

/// Whether Range is to be looked at (section 13.1.5): true without If-Range, or when it names this very representation:
/// by a strong entity-tag, or by a modification date that is exact and lies at least a second before `now`, for what
/// changed twice within a second cannot be told apart by it (section 8.8.2.2).
bool range_applies(const Fields& request, const Validators& validators, WallTime now);

/// Whether a field value, a list of entity-tags or `*`, names `etag` (section 8.8.3.2). Malformed members name nothing.
bool names_strongly(std::string_view list, std::string_view etag);
bool names_weakly(std::string_view list, std::string_view etag);

}  // namespace weir
