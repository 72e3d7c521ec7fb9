// A pick's facts survive as bytes.
#include "upstream/recorded_pick.h"

#include <gtest/gtest.h>

#include "base/block_pool.h"

namespace weir {
namespace {

TEST(RecordedPick, comes_back_with_every_endpoint) {
  BlockPool pool;
  Arena arena(pool);
  const std::vector<EndpointFacts> endpoints{{.in_flight = 3, .weight = 2, .available = true},
                                             {.in_flight = 0, .weight = 9, .available = false}};
  std::vector<EndpointFacts> room;
  const auto read = unpack_pick_facts(pack({.endpoints = endpoints, .turn = 7, .draw = 11}, arena), room);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->turn, 7);
  EXPECT_EQ(read->draw, 11);
  ASSERT_EQ(read->endpoints.size(), 2);
  EXPECT_EQ(read->endpoints[0].in_flight, 3);
  EXPECT_EQ(read->endpoints[1].weight, 9);
  EXPECT_FALSE(read->endpoints[1].available);
}

TEST(RecordedPick, is_not_kept_of_hundreds_of_endpoints) {
  BlockPool pool;
  Arena arena(pool);
  const std::vector<EndpointFacts> endpoints(recorded_endpoints_max + 1);
  std::vector<EndpointFacts> room;
  EXPECT_FALSE(unpack_pick_facts(pack({.endpoints = endpoints}, arena), room));
}

}  // namespace
}  // namespace weir
