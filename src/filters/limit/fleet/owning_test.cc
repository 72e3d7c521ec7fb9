// Which limits have owners, what a share is, and what is decided from what: by known numbers.
#include "filters/limit/fleet/owning.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "filters/limit/error_bound.h"

namespace weir::limit::fleet {
namespace {

using namespace std::chrono_literals;

Budget per_second(std::uint64_t limit, std::uint64_t burst = 1) {
  return {.limit = limit, .window = 1s, .burst = burst};
}

TEST(Owning, is_where_chance_moves_a_second_by_more_than_six_hundredths) {
  EXPECT_NEAR(owned_below(), 105, 0.01);
  EXPECT_TRUE(is_owned(Owner::automatic, per_second(104), 1));
  EXPECT_FALSE(is_owned(Owner::automatic, per_second(106), 1));
  EXPECT_TRUE(is_owned(Owner::automatic, {.limit = 1, .window = 60s}, 1)) << "one a minute";
  EXPECT_FALSE(is_owned(Owner::automatic, {.limit = 10'000, .window = 60s}, 1)) << "166 a second";
  EXPECT_TRUE(is_owned(Owner::automatic, per_second(1000), 10)) << "a hundred requests that cost ten";
  EXPECT_TRUE(is_owned(Owner::always, per_second(1'000'000), 1));
  EXPECT_FALSE(is_owned(Owner::never, per_second(1), 1));
}

TEST(Owning, the_threshold_is_that_of_the_stated_bound) {
  const auto noise = [](std::uint64_t limit) {
    const Budget whole = per_second(limit);
    const auto rate = static_cast<double>(limit);
    return (fleet_bound(whole, {.from = 0, .to = 0}).worst_second - rate - 2) / rate;
  };
  EXPECT_GT(noise(104), owned_error);
  EXPECT_LT(noise(106), owned_error);
}

TEST(Owning, shares_of_all_add_up_to_the_limit) {
  const Budget share = share_budget(per_second(100, 10), 4, 1);
  EXPECT_EQ(share.window, 4s);
  EXPECT_EQ(share.burst, 2U);
  EXPECT_EQ(share_budget(per_second(5), 256, 1).burst, 1U) << "each lets one through at once";
  EXPECT_EQ(share_budget(per_second(100, 10), 4, 7).burst, 7U) << "the dearest request passes";
  EXPECT_EQ(share_budget(per_second(100, 10), 4, 70).burst, 10U) << "and no dearer than there ever is";
  const Budget day{.limit = 1, .window = 24h, .burst = 4000};
  EXPECT_EQ(complaint_about(share_budget(day, 1024, 1), 1), "") << "as much as a budget counts";
}

RC_GTEST_PROP(Owning, a_member_of_many_gives_out_its_part_and_a_burst, ()) {
  const Budget whole = per_second(*rc::gen::inRange<std::uint64_t>(1, 100), *rc::gen::inRange<std::uint64_t>(1, 20));
  const auto members = *rc::gen::inRange<std::size_t>(2, 300);
  const Budget share = share_budget(whole, members, 1);
  const Bound bound = owned_share_bound(share, members);
  std::uint64_t state = 0;
  double admitted = 0;
  for (Time now{1h}; now < Time{1h + 10s};
       now += Duration{*rc::gen::inRange<std::int64_t>(50'000'000, 2'000'000'000)}) {
    const OwnedVerdict verdict =
        decide_owned(share, {.source = OwnedSource::lost, .now = now, .cost = 1, .state = state});
    if (!verdict.verdict.admitted) continue;
    state = verdict.verdict.state;
    ++admitted;
  }
  RC_ASSERT(admitted * static_cast<double>(members) <= bound.worst_ten_seconds + static_cast<double>(members));
}

TEST(Owning, who_decided_stands_in_the_reason) {
  const Budget share = per_second(1);
  const auto reason = [&](OwnedFacts facts) { return decide_owned(share, facts).reason; };
  EXPECT_EQ(reason({.source = OwnedSource::asked, .said = {.admitted = true}}), "within_limit");
  EXPECT_EQ(reason({.source = OwnedSource::asked, .said = {.wait = 1s}}), "over_limit");
  EXPECT_EQ(reason({.source = OwnedSource::asked, .said = {.wait = no_limit}}), "costs_more_than_there_is");
  EXPECT_EQ(reason({.source = OwnedSource::refused_lately, .said = {.wait = 1s}}), "over_limit_lately");
  EXPECT_EQ(reason({.source = OwnedSource::late, .now = Time{1h}}), "owner_late_within_share");
  EXPECT_EQ(reason({.source = OwnedSource::lost, .now = Time{1h}, .cost = 2}), "owner_lost_over_share");
}

TEST(Owning, a_refusal_is_believed_as_long_as_nothing_is_lost_by_it) {
  EXPECT_EQ(believed_for(per_second(5), 150ms), 150ms);
  EXPECT_EQ(believed_for(per_second(5), 3ms), 3ms) << "a bucket of one keeps nothing meanwhile";
  EXPECT_EQ(believed_for(per_second(100, 10), 3ms), 20ms) << "one of ten does";
  EXPECT_EQ(believed_for(per_second(100, 2), 3ms), 3ms);
  EXPECT_EQ(believed_for({.limit = 1, .window = 60s}, 59s), 1s) << "an owner that came new knows nothing of it";
  EXPECT_EQ(believed_for(per_second(5), no_limit), 1s);
}

}  // namespace
}  // namespace weir::limit::fleet
