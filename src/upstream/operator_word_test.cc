// What becomes of an operator's word, for every state an endpoint may be in.
#include "upstream/operator_word.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr AdminState states[] = {AdminState::enabled, AdminState::draining, AdminState::disabled};

TEST(OperatorWord, names_are_read_as_they_are_written) {
  for (const EndpointVerb verb :
       {EndpointVerb::drain, EndpointVerb::disable, EndpointVerb::enable, EndpointVerb::weight}) {
    EXPECT_EQ(endpoint_verb(name_of(verb)), verb);
  }
  EXPECT_FALSE(endpoint_verb("drian"));
}

TEST(OperatorWord, said_twice_it_changes_nothing) {
  for (const AdminState state : states) {
    for (const EndpointVerb verb : {EndpointVerb::drain, EndpointVerb::disable, EndpointVerb::enable}) {
      const OrderVerdict verdict = decide(OrderFacts{.verb = verb, .state = state, .others_usable = 1});
      EXPECT_TRUE(verdict.obeyed);
      EXPECT_EQ(verdict.changes, state_after(verb) != state);
      EXPECT_EQ(verdict.reason, verdict.changes ? "done" : "is_so_already");
    }
  }
}

TEST(OperatorWord, last_endpoint_stays_unless_it_is_forced) {
  for (const EndpointVerb verb : {EndpointVerb::drain, EndpointVerb::disable}) {
    EXPECT_EQ(decide(OrderFacts{.verb = verb}).reason, "last_endpoint");
    EXPECT_FALSE(decide(OrderFacts{.verb = verb}).obeyed);
    EXPECT_TRUE(decide(OrderFacts{.verb = verb, .force = true}).changes);
  }
  // Who is out already may be taken out further.
  EXPECT_TRUE(decide(OrderFacts{.verb = EndpointVerb::disable, .state = AdminState::draining}).changes);
}

TEST(OperatorWord, enabling_one_that_is_ejected_ends_that) {
  EXPECT_FALSE(decide(OrderFacts{.verb = EndpointVerb::enable}).changes);
  EXPECT_TRUE(decide(OrderFacts{.verb = EndpointVerb::enable, .ejected = true}).changes);
}

TEST(OperatorWord, weight_holds_until_the_configured_one_is_asked_for) {
  const auto changes = [](std::uint32_t said, std::uint32_t asked) {
    return decide(OrderFacts{.verb = EndpointVerb::weight, .weight_said = said, .weight_asked = asked}).changes;
  };
  EXPECT_TRUE(changes(0, 5));
  EXPECT_FALSE(changes(5, 5));
  EXPECT_TRUE(changes(5, 0));
  EXPECT_FALSE(changes(0, 0));
}

}  // namespace
}  // namespace weir
