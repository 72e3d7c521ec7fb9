// Who is picked when some are ill, drained or disabled; a group as one letter per endpoint shows it best.
#include "upstream/availability.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace weir {
namespace {

EndpointStanding standing_of(char letter) {
  switch (letter) {
    case 'D':
      return EndpointStanding::disabled;
    case 'r':
      return EndpointStanding::draining;
    case 'd':
      return EndpointStanding::down;
    case 'u':
      return EndpointStanding::unchecked;
    case 'e':
      return EndpointStanding::ejected;
    default:
      return EndpointStanding::available;
  }
}

/// `use: who is picked`, for endpoints written as letters.
std::string judged(std::string_view group, std::uint32_t panic_below_percent = 30) {
  GroupFacts facts{.panic_below_percent = panic_below_percent};
  for (const char letter : group) facts.count(standing_of(letter));
  const GroupVerdict verdict = decide(facts);
  std::string text = std::string(name_of(verdict.use)) + ' ' + std::string(verdict.reason) + ": ";
  for (const char letter : group) text += may_be_picked(standing_of(letter), verdict.use) ? 'x' : '-';
  return text;
}

TEST(Availability, first_reason_is_the_standing) {
  EXPECT_EQ(standing_of(AdminState::enabled, CheckState::up, true, false), EndpointStanding::available);
  EXPECT_EQ(standing_of(AdminState::enabled, CheckState::unchecked, true, false), EndpointStanding::available);
  EXPECT_EQ(standing_of(AdminState::enabled, CheckState::unchecked, false, false), EndpointStanding::unchecked);
  EXPECT_EQ(standing_of(AdminState::enabled, CheckState::down, true, true), EndpointStanding::down);
  EXPECT_EQ(standing_of(AdminState::enabled, CheckState::up, true, true), EndpointStanding::ejected);
  EXPECT_EQ(standing_of(AdminState::draining, CheckState::down, true, true), EndpointStanding::draining);
  EXPECT_EQ(standing_of(AdminState::disabled, CheckState::up, true, true), EndpointStanding::disabled);
}

TEST(Availability, those_who_are_ill_or_taken_out_are_left_out) {
  EXPECT_EQ(judged("aaa"), "all all_healthy: xxx");
  EXPECT_EQ(judged("ada"), "healthy some_left_out: x-x");
  EXPECT_EQ(judged("aDreuda"), "healthy some_left_out: x-----x");
  EXPECT_EQ(judged("ara"), "healthy drained_by_operator: x-x");
  EXPECT_EQ(judged("aDa"), "healthy disabled_by_operator: x-x");
  EXPECT_EQ(judged("aDr"), "healthy taken_out_by_operator: x--");
}

TEST(Availability, too_few_healthy_means_that_all_whom_operators_allow_are_used) {
  EXPECT_EQ(judged("add"), "healthy some_left_out: x--") << "one of three is 33 %";
  EXPECT_EQ(judged("addd"), "panic too_few_healthy: xxxx");
  EXPECT_EQ(judged("dde"), "panic none_healthy: xxx");
  EXPECT_EQ(judged("dddDr"), "panic none_healthy: xxx--") << "what operators say is never overruled";
}

TEST(Availability, nobody_is_left_when_operators_say_so_or_panic_is_off) {
  EXPECT_EQ(judged("DrD"), "nobody taken_out_by_operator: ---");
  EXPECT_EQ(judged("ddD", 0), "nobody none_healthy: ---");
  EXPECT_EQ(judged("add", 0), "healthy some_left_out: x--");
  EXPECT_EQ(judged(""), "nobody no_endpoint: ");
}

TEST(Availability, an_ejection_holds_only_while_somebody_else_is_left) {
  EXPECT_EQ(judged("eed", 0), "ejected only_ejected_left: xx-") << "what checks say still holds";
  EXPECT_EQ(judged("eer", 0), "ejected only_ejected_left: xx-");
  EXPECT_EQ(judged("eea", 0), "healthy some_left_out: --x");
  EXPECT_EQ(judged("eed"), "panic none_healthy: xxx") << "a panic goes further";
}

TEST(Availability, what_holds_for_every_group) {
  Random random(4711);
  for (int round = 0; round < 20'000; ++round) {
    std::string group;
    for (std::uint64_t left = random.below(12); left > 0; --left) group += "aaDrdue"[random.below(7)];
    const auto percent = static_cast<std::uint32_t>(random.below(101));
    const std::string text = judged(group, percent);
    const std::string picked = text.substr(text.find(": ") + 2);
    ASSERT_EQ(picked.size(), group.size());
    bool any_allowed = false;
    bool any_healthy = false;
    bool any_ejected = false;
    for (std::size_t at = 0; at < group.size(); ++at) {
      const bool allowed = group[at] != 'D' && group[at] != 'r';
      any_allowed = any_allowed || allowed;
      any_healthy = any_healthy || group[at] == 'a';
      any_ejected = any_ejected || group[at] == 'e';
      if (!allowed) EXPECT_EQ(picked[at], '-') << text;
      if (group[at] == 'a') EXPECT_EQ(picked[at], 'x') << "who is well is always used: " << group << ' ' << text;
    }
    const bool somebody = picked.contains('x');
    if (percent > 0) EXPECT_EQ(somebody, any_allowed) << group << ' ' << text;
    if (percent == 0) EXPECT_EQ(somebody, any_healthy || any_ejected) << group << ' ' << text;
  }
}

}  // namespace
}  // namespace weir
