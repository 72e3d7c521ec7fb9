// A pick's facts survive as bytes.
#include "upstream/recorded_pick.h"

#include <gtest/gtest.h>

#include "base/block_pool.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

struct Recording {
  BlockPool pool;
  Arena arena{pool};
};

TEST(RecordedPick, comes_back_with_every_endpoint) {
  Recording recording;
  const std::vector<EndpointFacts> endpoints{
      {.in_flight = 3, .weight = 2},
      {.in_flight = 0, .weight = 9, .available = false, .ejected = true, .near = false, .priority = 2}};
  const std::vector<std::uint32_t> tried{1};
  const auto read = RecordedPick::read(
      pack({.endpoints = endpoints, .tried = tried, .turn = 7, .draw = 11, .key = 5, .keyed = true, .level = 1.5}, {},
           recording.arena));
  ASSERT_TRUE(read);
  const PickFacts facts = read->facts();
  EXPECT_EQ(facts.turn, 7);
  EXPECT_EQ(facts.draw, 11);
  EXPECT_EQ(facts.key, 5);
  EXPECT_TRUE(facts.keyed);
  EXPECT_EQ(facts.level, 1.5);
  EXPECT_TRUE(facts.was_tried(1));
  ASSERT_EQ(facts.endpoints.size(), 2);
  EXPECT_EQ(facts.endpoints[0].in_flight, 3);
  EXPECT_EQ(facts.endpoints[1].weight, 9);
  EXPECT_FALSE(facts.endpoints[1].available);
  EXPECT_TRUE(facts.endpoints[1].ejected);
  EXPECT_FALSE(facts.endpoints[1].drained);
  EXPECT_FALSE(facts.endpoints[0].ejected);
  EXPECT_FALSE(facts.endpoints[1].near);
  EXPECT_EQ(facts.endpoints[1].priority, 2);
}

TEST(RecordedPick, comes_back_with_latencies_reports_and_probes) {
  Recording recording;
  const std::vector<EndpointFacts> endpoints{{.latency_us = 900, .latency_at = Time(5s)},
                                             {.reported_load = 4, .reported_latency_us = 70, .reported_at = Time(6s)}};
  const std::vector<ProbeFacts> probes{{.endpoint = 1, .load = 8, .latency_us = 9, .heard_at = Time(3s)}};
  const auto read =
      RecordedPick::read(pack({.endpoints = endpoints, .now = Time(7s), .probes = probes}, {}, recording.arena));
  ASSERT_TRUE(read);
  const PickFacts facts = read->facts();
  EXPECT_EQ(facts.now, Time(7s));
  EXPECT_EQ(facts.endpoints[0].latency_us, 900);
  EXPECT_EQ(facts.endpoints[0].latency_at, Time(5s));
  EXPECT_EQ(facts.endpoints[1].reported_load, 4);
  EXPECT_EQ(facts.endpoints[1].reported_at, Time(6s));
  ASSERT_EQ(facts.probes.size(), 1);
  EXPECT_EQ(facts.probes[0].load, 8);
}

TEST(RecordedPick, cut_or_lengthened_bytes_are_refused) {
  Recording recording;
  const std::vector<EndpointFacts> endpoints(3);
  const std::string bytes(pack({.endpoints = endpoints}, {}, recording.arena));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(RecordedPick::read(std::string_view(bytes).substr(0, length))) << length;
  }
  EXPECT_FALSE(RecordedPick::read(bytes + "x"));
}

TEST(RecordedPick, is_not_kept_of_hundreds_of_endpoints) {
  Recording recording;
  const std::vector<EndpointFacts> endpoints(recorded_endpoints_max + 1);
  EXPECT_FALSE(RecordedPick::read(pack({.endpoints = endpoints}, {}, recording.arena)));
}

}  // namespace
}  // namespace weir
