// The four words an operator has, and when they change anything: the decision of operator_word.h.
#include "upstream/operator_word.h"

#include <algorithm>
#include <array>

namespace weir {
namespace {

constexpr std::array<std::string_view, 4> verb_names{"drain", "disable", "enable", "weight"};

}  // namespace

std::string_view name_of(EndpointVerb verb) {
  return verb_names[static_cast<std::size_t>(verb)];
}

std::optional<EndpointVerb> endpoint_verb(std::string_view name) {
  const auto found = std::ranges::find(verb_names, name);
  if (found == verb_names.end()) return {};
  return static_cast<EndpointVerb>(found - verb_names.begin());
}

OrderVerdict decide(const OrderFacts& facts) {
  if (facts.verb == EndpointVerb::weight) {
    const bool changes = facts.weight_asked != facts.weight_said;
    return {.obeyed = true, .changes = changes, .reason = changes ? "done" : "is_so_already"};
  }
  const AdminState next = state_after(facts.verb);
  const bool lifts_ejection = next == AdminState::enabled && facts.ejected;
  if (next == facts.state && !lifts_ejection) return {.obeyed = true, .reason = "is_so_already"};
  const bool takes_out = facts.state == AdminState::enabled && next != AdminState::enabled;
  if (takes_out && facts.others_usable == 0 && !facts.force) return {.reason = "last_endpoint"};
  return {.obeyed = true, .changes = true, .reason = "done"};
}

}  // namespace weir
