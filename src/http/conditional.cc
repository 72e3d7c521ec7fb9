// Comparing entity-tags and dates, in the order of RFC 9110 section 13.2.2.
#include "http/conditional.h"

#include "base/text.h"
#include "http/date.h"

namespace weir {
namespace {

constexpr std::string_view weak_mark = "W/";

struct EntityTag {
  std::string_view opaque;  ///< with its quotes
  bool weak = false;
};

EntityTag tag_of(std::string_view text) {
  const bool weak = text.starts_with(weak_mark);
  return {.opaque = weak ? text.substr(weak_mark.size()) : text, .weak = weak};
}

/// Takes the next well-formed entity-tag from the front of a list; false at its end. What is none is passed over up to
/// the next comma.
bool take_tag(std::string_view& list, EntityTag& tag) {
  while (!list.empty()) {
    const std::size_t begin = list.find_first_not_of(", \t");
    if (begin == std::string_view::npos) return false;
    list.remove_prefix(begin);
    const std::size_t open = list.starts_with(weak_mark) ? weak_mark.size() : 0;
    const bool quoted = list.size() > open && list[open] == '"';
    const std::size_t close = quoted ? list.find('"', open + 1) : std::string_view::npos;
    if (close != std::string_view::npos) {
      tag = tag_of(list.substr(0, close + 1));
      list.remove_prefix(close + 1);
      const std::size_t next = list.find_first_not_of(" \t");
      if (next == std::string_view::npos || list[next] == ',') return true;
    }
    list.remove_prefix(std::min(list.find(','), list.size()));
  }
  return false;
}

template <typename Same>
bool any_tag(std::string_view list, Same same) {
  EntityTag tag;
  while (take_tag(list, tag)) {
    if (same(tag)) return true;
  }
  return false;
}

/// Over all lines of one field: whether it is there, and whether one of them names the representation.
struct TagCondition {
  bool present = false;
  bool names = false;
};

template <typename Names>
TagCondition look(const Fields& request, FieldName name, Names names) {
  TagCondition condition;
  for (const Field& field : request) {
    if (field.id != name) continue;
    condition.present = true;
    condition.names = condition.names || text::trim(field.value) == "*" || names(field.value);
  }
  return condition;
}

/// The date of a field that stands once and can be read.
std::optional<WallTime> date_in(const Fields& request, FieldName name) {
  std::optional<WallTime> date;
  unsigned lines = 0;
  for (const Field& field : request) {
    if (field.id != name) continue;
    date = parse_date(field.value);
    ++lines;
  }
  return lines == 1 ? date : std::nullopt;
}

}  // namespace

bool names_strongly(std::string_view list, std::string_view etag) {
  const EntityTag own = tag_of(etag);
  if (own.weak || own.opaque.empty()) return false;
  return any_tag(list, [&](const EntityTag& tag) { return !tag.weak && tag.opaque == own.opaque; });
}

bool names_weakly(std::string_view list, std::string_view etag) {
  const EntityTag own = tag_of(etag);
  if (own.opaque.empty()) return false;
  return any_tag(list, [&](const EntityTag& tag) { return tag.opaque == own.opaque; });
}

ConditionDecision decide_condition(const Fields& request, bool reads, const Validators& validators) {
  using enum ConditionVerdict;
  const auto strongly = [&](std::string_view list) { return names_strongly(list, validators.etag); };
  const auto weakly = [&](std::string_view list) { return names_weakly(list, validators.etag); };

  if (const auto wanted = look(request, FieldName::if_match, strongly); wanted.present) {
    if (!wanted.names) return {failed, "if_match"};
  } else if (const auto since = date_in(request, FieldName::if_unmodified_since); since && validators.last_modified) {
    if (*validators.last_modified > *since) return {failed, "if_unmodified_since"};
  }
  if (const auto known = look(request, FieldName::if_none_match, weakly); known.present) {
    if (known.names) return {reads ? not_modified : failed, "if_none_match"};
  } else if (reads) {
    const auto since = date_in(request, FieldName::if_modified_since);
    if (since && validators.last_modified && *validators.last_modified <= *since) {
      return {not_modified, "if_modified_since"};
    }
  }
  return {};
}

bool range_applies(const Fields& request, const Validators& validators, WallTime now) {
  const Field* const condition = request.find(FieldName::if_range);
  if (condition == nullptr) return true;
  const std::string_view value = text::trim(condition->value);
  if (value.starts_with('"') || value.starts_with(weak_mark)) {
    return value == validators.etag && names_strongly(value, validators.etag);
  }
  const auto date = date_in(request, FieldName::if_range);
  return date && validators.last_modified && *date == *validators.last_modified &&
         *date + std::chrono::seconds{1} <= now;
}

}  // namespace weir
