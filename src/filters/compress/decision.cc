// The order of the questions is the order of the reasons: first what the answer is, then what the client wants.
#include "filters/compress/decision.h"

#include <algorithm>

#include "base/text.h"
#include "http/characters.h"

namespace weir {
namespace {

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text::equal_ignoring_case(text.substr(text.size() - end.size()), end);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view begin) {
  return text::equal_ignoring_case(text.substr(0, begin.size()), begin);
}

}  // namespace

CompressionVerdict decide_compression(const CompressionFacts& facts) {
  const auto leave = [](std::string_view reason, bool varies = false) {
    return CompressionVerdict{.varies = varies, .reason = reason};
  };
  // A part of one representation cannot become a part of another.
  if (facts.status == 206) return leave("partial_content");
  if (!facts.has_content || has_no_content(facts.status)) return leave("no_content");
  if (facts.coded) return leave("already_coded");
  if (facts.no_transform) return leave("no_transform");
  if (!facts.type_listed) return leave("type_not_listed");
  if (facts.length < facts.minimum) return leave("too_small");
  if (!facts.names_codings) return leave("not_asked", true);
  if (facts.wanted == ContentCoding::identity) return leave("not_accepted", true);
  if (!facts.memory_left) return leave("memory_full", true);
  if (facts.beginning == BodyBeginning::too_small) return leave("too_small", true);
  if (facts.beginning == BodyBeginning::no_gain) return leave("no_gain", true);
  return {.coding = facts.wanted, .varies = true, .effort = choose_effort(facts.effort), .reason = "compressed"};
}

Effort choose_effort(const EffortFacts& facts) {
  constexpr unsigned strained = 800;
  constexpr unsigned overloaded = 950;
  if (!facts.adapts || facts.busy < strained || facts.configured == Effort::low) return facts.configured;
  if (facts.busy >= overloaded || facts.configured == Effort::medium) return Effort::low;
  return Effort::medium;
}

TypeList::TypeList(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    if (pattern.ends_with("/*")) {
      families_.push_back(pattern.substr(0, pattern.size() - 1));
    } else if (pattern.starts_with("*")) {
      suffixes_.push_back(pattern.substr(1));
    } else {
      names_.push_back(pattern);
    }
  }
}

bool TypeList::holds(std::string_view content_type) const {
  const std::string_view type = text::trim(content_type.substr(0, content_type.find(';')));
  if (type.empty()) return false;
  const auto is = [&](const std::string& name) { return text::equal_ignoring_case(type, name); };
  const auto begins = [&](const std::string& family) { return starts_with_ignoring_case(type, family); };
  const auto ends = [&](const std::string& suffix) { return ends_with_ignoring_case(type, suffix); };
  return std::ranges::any_of(families_, begins) || std::ranges::any_of(names_, is) ||
         std::ranges::any_of(suffixes_, ends);
}

bool TypeList::is_type_pattern(std::string_view text) {
  if (text.starts_with("*+")) return characters::is_token(text.substr(2));
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || !characters::is_token(text.substr(0, slash))) return false;
  const std::string_view subtype = text.substr(slash + 1);
  return !text.starts_with('*') && (subtype == "*" || (characters::is_token(subtype) && !subtype.contains('*')));
}

}  // namespace weir
