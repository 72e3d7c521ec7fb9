// Whose fault a failure is.
#include "upstream/observation.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Observation, failures_of_an_upstream_speak_against_its_endpoint) {
  EXPECT_TRUE(speaks_against_endpoint(upstream_error(Code::connect_refused), false, false));
  EXPECT_TRUE(speaks_against_endpoint(upstream_error(Code::peer_reset), false, false));
  EXPECT_FALSE(speaks_against_endpoint(upstream_error(Code::peer_reset), true, false)) << "the connection was stale";
  EXPECT_FALSE(speaks_against_endpoint(client_error(Code::peer_reset), false, false));
}

TEST(Observation, what_an_endpoint_never_does_does_not_speak_against_it) {
  EXPECT_FALSE(speaks_against_endpoint(upstream_error(Code::no_extended_connect), false, true));
  EXPECT_FALSE(speaks_against_endpoint(upstream_error(Code::resolve_failed), false, false));
}

}  // namespace
}  // namespace weir
