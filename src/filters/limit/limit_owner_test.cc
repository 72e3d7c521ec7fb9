// A rule that owners decide about, as requests meet it: the owner's word, refusals that are remembered, and this
// machine's share where nobody answers. The test sits at the desk.
#include <gtest/gtest.h>

#include "filters/limit/owned_rules.h"
#include "filters/limit/testing/limit_test.h"

namespace weir::limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LimitOwner : public LimitTest {
 protected:
  LimitOwner() { fleet = &settings; }
  /// From now on somebody sits at the desk, and answers so.
  void answer_by(std::function<std::optional<fleet::Answer>(const fleet::Question&)> answer) {
    desk->open(shard.shard().reactor.mailbox(), [this, answer](std::vector<fleet::Desk::Left> left) {
      for (fleet::Desk::Left& each : left) {
        questions.push_back(each.question);
        const auto said = answer(each.question);
        if (said && each.done) each.done(fleet::OwnedSource::asked, *said);
      }
    });
  }
  [[nodiscard]] Time now() { return shard.shard().reactor.now(); }

  FleetSettings settings{.name = "edge",
                         .self = "a",
                         .members = {{.name = "a", .address = {}}, {.name = "b", .address = {}}},
                         .keys = {"0123456789abcdef0123456789abcdef"}};
  std::shared_ptr<fleet::Desk> desk = states.find_or_make<fleet::Desk>(fleet::desk_key, &std::make_shared<fleet::Desk>);
  std::vector<fleet::Question> questions;
};

TEST_F(LimitOwner, of_a_fleet_without_keys_is_read_to_the_end) {
  settings.keys.clear();  // an environment variable that is not set: whoever reads the section complains of it
  EXPECT_NE(build("{ name: small, rate: 5/s, scope: fleet }"), nullptr);
}

TEST_F(LimitOwner, its_word_is_taken_and_told) {
  answer_by([](const fleet::Question&) {
    return fleet::Answer{.said = fleet::Said::admitted, .remaining = 3, .reset = seconds{2}};
  });
  const auto filter = build("{ name: small, rate: 5/s, burst: 4, scope: fleet }");
  const Outcome outcome = ask(*filter);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.ratelimit, "\"small\";r=3;t=2");
  EXPECT_TRUE(outcome.record.contains("within_limit")) << outcome.record;
  ASSERT_EQ(questions.size(), 1U);
  EXPECT_EQ(questions[0].cost, 1);
}

TEST_F(LimitOwner, what_it_refused_is_refused_without_asking_until_it_would_pass) {
  answer_by([](const fleet::Question&) {
    return fleet::Answer{.said = fleet::Said::refused, .wait = milliseconds{400}, .reset = seconds{1}};
  });
  const auto filter = build("{ name: small, rate: 5/s, scope: fleet }");
  EXPECT_TRUE(ask(*filter).record.contains("over_limit"));
  const Outcome again = ask(*filter);
  EXPECT_EQ(again.status, 429);
  EXPECT_TRUE(again.record.contains("over_limit_lately")) << again.record;
  EXPECT_EQ(questions.size(), 1U);
  shard.world().run_for(milliseconds{400});
  (void)ask(*filter);
  EXPECT_EQ(questions.size(), 2U);
}

// A refusal is believed for a second at most; its client hears when the same will really pass.
TEST_F(LimitOwner, whom_it_refused_hears_the_moment_it_named_without_asking) {
  answer_by([](const fleet::Question&) {
    return fleet::Answer{.said = fleet::Said::refused, .remaining = 2, .wait = seconds{12}, .reset = seconds{60}};
  });
  const auto filter = build("{ name: small, rate: 5/m, scope: fleet }");
  EXPECT_EQ(ask(*filter).retry_after, "12");
  shard.world().run_for(milliseconds{900});
  const Outcome again = ask(*filter);
  EXPECT_TRUE(again.record.contains("over_limit_lately")) << again.record;
  EXPECT_EQ(again.retry_after, "12");
  EXPECT_EQ(again.ratelimit, "\"small\";r=2;t=60");
  EXPECT_EQ(questions.size(), 1U);
}

TEST_F(LimitOwner, that_is_late_is_waited_for_within_the_budget_and_the_share_decides) {
  answer_by([](const fleet::Question&) { return std::nullopt; });
  const auto filter = build("{ name: small, rate: 1/m, scope: fleet }");
  const Time began = now();
  const Outcome first = ask(*filter);
  EXPECT_EQ(first.status, 200);
  EXPECT_TRUE(first.record.contains("owner_late_within_share")) << first.record;
  EXPECT_LE(now() - began, settings.budget + milliseconds{3});
  EXPECT_EQ(ask(*filter).status, 429) << "half of one a minute";
  shard.world().run_for(seconds{61});
  EXPECT_EQ(ask(*filter).status, 429);
  shard.world().run_for(seconds{61});
  EXPECT_EQ(ask(*filter).status, 200);
}

TEST_F(LimitOwner, with_nobody_at_the_desk_the_share_decides_at_once) {
  const auto filter = build("{ name: small, rate: 1/m, scope: fleet }");
  const Time began = now();
  EXPECT_TRUE(ask(*filter).record.contains("owner_lost_within_share"));
  EXPECT_TRUE(ask(*filter).record.contains("owner_lost_over_share"));
  EXPECT_EQ(now(), began);
}

TEST_F(LimitOwner, gets_back_what_another_rule_refuses) {
  answer_by([](const fleet::Question& question) {
    const bool first = question.cost == 2;
    return fleet::Answer{.said = first ? fleet::Said::admitted : fleet::Said::refused, .wait = seconds{1}};
  });
  const auto filter = build(
      "{ rules: [{ name: one, rate: 8/s, cost: 2, burst: 4, scope: fleet, owner: always }, "
      "{ name: other, rate: 9/s, scope: fleet, owner: always }] }");
  EXPECT_EQ(ask(*filter).status, 429);
  shard.world().run_for(milliseconds{1});
  ASSERT_EQ(questions.size(), 3U);
  EXPECT_EQ(questions[2].rule, questions[0].rule);
  EXPECT_EQ(questions[2].cost, -2);
}

TEST_F(LimitOwner, is_not_asked_about_what_another_rule_has_refused) {
  answer_by([](const fleet::Question&) { return fleet::Answer{.said = fleet::Said::admitted}; });
  const auto filter = build("{ rules: [{ name: one, rate: 5/s, scope: fleet }, { name: here, rate: 1/d }] }");
  EXPECT_EQ(ask(*filter).status, 200);
  EXPECT_EQ(ask(*filter).status, 429);
  EXPECT_EQ(questions.size(), 1U);
}

TEST_F(LimitOwner, of_a_dry_run_is_asked_and_refuses_nobody) {
  answer_by([](const fleet::Question&) { return fleet::Answer{.said = fleet::Said::refused, .wait = seconds{1}}; });
  const auto filter = build("{ name: small, rate: 5/s, scope: fleet, dry_run: true }");
  const Outcome outcome = ask(*filter);
  EXPECT_EQ(outcome.status, 200);
  EXPECT_TRUE(outcome.record.contains("would_refuse")) << outcome.record;
}

TEST_F(LimitOwner, that_is_this_machine_decides_by_its_account) {
  answer_by([](const fleet::Question&) { return fleet::Answer{}; });
  settings.members = {{.name = "a", .address = {}}};
  for (std::uint8_t slot = 0; slot < fleet::slots; ++slot) desk->allow(slot, true);
  const auto filter = build("{ name: small, rate: 5/s, burst: 3, scope: fleet }");
  EXPECT_EQ(admitted(*filter, 10), 3U);
  EXPECT_TRUE(questions.empty());
  EXPECT_TRUE(ask(*filter).record.contains("over_limit"));
}

TEST_F(LimitOwner, is_chosen_by_the_numbers_unless_it_is_said) {
  const auto owned = [&](std::string_view options) {
    return dynamic_cast<const Limit&>(*build(options)).rules()[0]->state().owned_part() != nullptr;
  };
  EXPECT_TRUE(owned("{ rate: 5/s, scope: fleet }"));
  EXPECT_TRUE(owned("{ rate: 1/m, scope: fleet }"));
  EXPECT_FALSE(owned("{ rate: 1000/s, scope: fleet }"));
  EXPECT_TRUE(owned("{ rate: 1000/s, cost: 20, scope: fleet }"));
  EXPECT_TRUE(owned("{ rate: 1000/s, scope: fleet, owner: always }"));
  EXPECT_FALSE(owned("{ rate: 5/s, scope: fleet, owner: never }"));
  EXPECT_FALSE(owned("{ rate: 5/s }"));
}

// All requests together is one key, and not the same of two rules.
TEST_F(LimitOwner, of_all_requests_are_told_apart_by_rule) {
  answer_by([](const fleet::Question&) { return fleet::Answer{.said = fleet::Said::admitted}; });
  const auto filter = build(
      "{ rules: [{ name: second, rate: 5/s, key: all, scope: fleet }, "
      "{ name: minute, rate: 50/m, key: all, scope: fleet }] }");
  EXPECT_EQ(ask(*filter).status, 200);
  ASSERT_EQ(questions.size(), 2U);
  EXPECT_NE(questions[0].key, questions[1].key);
}

}  // namespace
}  // namespace weir::limit
