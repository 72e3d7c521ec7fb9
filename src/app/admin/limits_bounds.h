// How much rules let through at most, as operators read it: part of the page behind /limits.
//
// Idea: what follows from a rule's numbers is computed in filters/limit/stated_bounds.h; here it is said, with what has
// to be true for it to hold.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/json_writer.h"
#include "contracts/shared_states.h"
#include "filters/limit/terms.h"

namespace weir {

/// What the rules of one name and allowance promise.
struct Promise {
  std::string_view scope;
  unsigned rules = 0;    ///< that are called so; each counts for itself
  limit::Stated stated;  ///< of each of them; where they differ, the largest
  bool all_dry = true;
  bool some_dry = false;
  bool has_bypass = false;
  bool by_owners = false;    ///< of a fleet
  std::optional<bool> kept;  ///< of a quota: whether it outlives the process
  std::vector<limit::RedisTerms> redis;
};

/// \param terms  of one rule; at least one
void add_promise(Promise& promise, const limit::RuleState& state,
                 const std::vector<std::shared_ptr<limit::RuleTerms>>& terms);

/// Lines, ended; nothing when nothing is promised.
std::string promise_text(const Promise& promise);
/// Members of an object that is open.
void write_promise(JsonWriter& json, const Promise& promise);

}  // namespace weir
