// What was decided, by which rule, and why: the memory from which explain, logs and replay are made.
//
// Idea: whoever decides calls a pure function and leaves its verdict here: a few static words and a place in the
// configuration, no formatting on the hot path. The exchange keeps the records in its arena, in the order of time.
//
// A record may carry the facts that the function was given, as bytes, so that the decision can be made again long after
// the request is over: that is how a story proves what it tells.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/units.h"
#include "contracts/node.h"

namespace weir {

struct DecisionRecord {
  std::string_view room;     ///< who decided: "route", "access", "pool", "retry"
  std::string_view verdict;  ///< what: "matched", "denied", "reused"; static text
  std::string_view subject;  ///< about what, by its name in the configuration; lives as long as the snapshot
  std::string_view reason;   ///< why, as a code: "not_in_allow_list"; static text
  Place place;               ///< the rule, where one decided
  std::string_view facts{};  ///< what it was decided from, see bytes_of(); empty when the request itself says it all
  Time at{};
  DecisionRecord* next = nullptr;
};

/// Facts that point nowhere but to static text, and so survive as bytes.
template <typename Facts>
concept RecordableFacts = std::is_trivially_copyable_v<Facts>;

/// The facts as they stand in a record; lives as long as `facts`.
template <RecordableFacts Facts>
std::string_view bytes_of(const Facts& facts) {
  return {reinterpret_cast<const char*>(&facts), sizeof(Facts)};
}

/// The facts of a record; nothing when none were kept, or others.
template <RecordableFacts Facts>
std::optional<Facts> facts_from(std::string_view bytes) {
  if (bytes.size() != sizeof(Facts)) return {};
  std::array<char, sizeof(Facts)> copy;
  std::memcpy(copy.data(), bytes.data(), sizeof(Facts));
  return std::bit_cast<Facts>(copy);
}

}  // namespace weir
