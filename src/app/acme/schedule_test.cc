// When certificates are renewed and failures tried again: bounds that hold for every draw.
#include "app/acme/schedule.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace weir::acme {
namespace {

using namespace std::chrono_literals;
constexpr auto day = std::chrono::hours{24};

WallTime at(Duration since) {
  return WallTime{std::chrono::seconds{1'800'000'000}} + since;
}

RC_GTEST_PROP(AcmeSchedule, renewals_lie_between_two_thirds_and_seven_tenths_of_a_life,
              (std::uint64_t draw, std::uint32_t minutes)) {
  const Duration life = std::chrono::minutes{minutes % 1'000'000 + 1};
  const WallTime when = renewal_time({.from = at(0s), .until = at(life)}, {}, draw);
  RC_ASSERT(when >= at(life / 30 * 20));
  RC_ASSERT(when <= at(life / 30 * 21));
}

RC_GTEST_PROP(AcmeSchedule, an_authoritys_window_is_followed_but_never_to_the_end,
              (std::uint64_t draw, std::int32_t start)) {
  const Lifetime lifetime{.from = at(0s), .until = at(90 * day)};
  const RenewalWindow window{.start = at(std::chrono::seconds{start % 20'000'000}),
                             .end = at(std::chrono::seconds{start % 20'000'000} + day),
                             .explanation = {}};
  const WallTime when = renewal_time(lifetime, window, draw);
  RC_ASSERT(when <= at(87 * day));
  RC_ASSERT(when >= at(3 * day));
  RC_ASSERT(when <= std::max(window.end, at(3 * day)));
  RC_ASSERT(when >= std::min(window.start, at(87 * day)));
}

TEST(AcmeSchedule, what_is_new_rests_for_a_while) {
  EXPECT_EQ(rest_after({.from = at(0s), .until = at(90 * day)}), 1h);
  EXPECT_EQ(rest_after({.from = at(0s), .until = at(30min)}), 10min) << "and not beyond its life";
  EXPECT_EQ(rest_after({.from = at(0s), .until = at(0s)}), 1s);
}

TEST(AcmeSchedule, many_certificates_do_not_renew_at_once) {
  const Lifetime lifetime{.from = at(0s), .until = at(90 * day)};
  EXPECT_NE(renewal_time(lifetime, {}, 1), renewal_time(lifetime, {}, 500'000));
}

TEST(AcmeSchedule, waits_double_up_to_an_end) {
  const auto wait = [](Trouble::Kind kind, unsigned failures) {
    return wait_after({.kind = kind, .what = {}}, failures, 0);
  };
  EXPECT_EQ(wait(Trouble::Kind::unreachable, 1), 5s);
  EXPECT_EQ(wait(Trouble::Kind::unreachable, 2), 10s);
  EXPECT_EQ(wait(Trouble::Kind::unreachable, 100), 10min);
  EXPECT_EQ(wait(Trouble::Kind::refused, 1), 1min);
  EXPECT_EQ(wait(Trouble::Kind::refused, 3), 4min);
  EXPECT_EQ(wait(Trouble::Kind::refused, 1000), 6h);
  EXPECT_EQ(wait(Trouble::Kind::limited, 1), 5min);
  EXPECT_EQ(wait(Trouble::Kind::elsewhere, 100), 2s);
  const Duration jittered = wait_after({.kind = Trouble::Kind::refused, .what = {}}, 1, (1U << 20U) - 1);
  EXPECT_GT(jittered, 70s);
  EXPECT_LE(jittered, 72s);
}

TEST(AcmeSchedule, an_authority_that_says_when_is_believed_within_reason) {
  Trouble trouble{.kind = Trouble::Kind::limited, .what = {}, .retry_after = 3h};
  EXPECT_EQ(wait_after(trouble, 1, 0), 3h);
  trouble.retry_after = std::chrono::hours{24 * 365};
  EXPECT_EQ(wait_after(trouble, 1, 0), Duration{day});
  trouble.retry_after = 1s;
  EXPECT_EQ(wait_after(trouble, 1, 0), 5min) << "never sooner than by itself";
  EXPECT_EQ(renewal_info_holds({}), 6h);
  EXPECT_EQ(renewal_info_holds(1s), 1min);
  EXPECT_EQ(renewal_info_holds(0s), 6h);
  EXPECT_EQ(renewal_info_holds(1000h), Duration{day});
}

}  // namespace
}  // namespace weir::acme
