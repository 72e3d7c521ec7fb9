// Askers that exchange messages in a test's hands: what is sent when, whom is believed, and who waits how long.
#include "filters/limit/fleet/asker.h"

#include <gtest/gtest.h>

#include <map>

namespace weir::limit::fleet {
namespace {

using namespace std::chrono_literals;

constexpr Duration wait_for_answer = 10ms;

/// Members 0 to 3; those that are tested have an asker, the others are messages that lie there.
class AskerTest : public testing::Test {
 protected:
  struct Letter {
    MemberNumber to;
    std::string bytes;
  };
  struct Side {
    Side(AskerTest& test, const std::vector<std::string>& names, MemberNumber self)
        : asker(names, self, wait_for_answer,
                {.send =
                     [this, &test](MemberNumber to, std::string bytes) {
                       if (!test.wires[to]) return false;
                       sent.push_back({to, std::move(bytes)});
                       return true;
                     },
                 .spend = [this](const Question& question, Time) -> std::optional<Answer> {
                   if (question.rule != 1) return {};
                   spent += question.cost;
                   return Answer{.said = spent <= limit ? Said::admitted : Said::refused, .wait = 1s};
                 },
                 .done = [this](std::uint64_t id, OwnedSource source,
                                const Answer& answer) { ended[id] = {source, answer}; },
                 .changed = [this](MemberNumber, bool suspected) { suspected ? ++suspicions : ++returns; }}) {
      asker.allow({true, true, true});
    }
    std::vector<Letter> sent;
    std::map<std::uint64_t, std::pair<OwnedSource, Answer>> ended;
    std::int64_t spent = 0;
    std::int64_t limit = 100;
    int suspicions = 0;
    int returns = 0;
    Asker asker;
  };

  AskerTest() {
    // A key whose order begins with 1, 2, 3: then 0 asks for it.
    const Election election(names);
    while (election.heaviest(key, 3) != std::vector<MemberNumber>{1, 2, 3}) ++key;
  }
  void ask(std::uint64_t id) { side.asker.ask({.key = key, .rule = 1, .cost = 1}, id, now); }
  void pass(Duration time) {
    const Time end = now + time;
    while (side.asker.next_due() <= end) {
      now = std::max(now, side.asker.next_due());
      side.asker.tick(now);
    }
    now = end;
  }
  [[nodiscard]] OwnedSource source_of(std::uint64_t id) { return side.ended.at(id).first; }
  /// What the member it is sent to would answer; one that is asked in another's place has asked that one in vain.
  void answer(const Letter& letter) {
    Side other(*this, names, letter.to);
    other.asker.hear(0,
                     write(Questions{.place = read_questions(letter.bytes)->place,
                                     .entries = {{.key = key, .rule = 2, .cost = 1, .number = 7}}}),
                     now - 1h);
    other.asker.tick(now - 30min);
    other.asker.hear(0, letter.bytes, now);
    if (!other.sent.empty()) side.asker.hear(letter.to, other.sent.back().bytes, now);
  }

  const std::vector<std::string> names{"a", "b", "c", "d"};
  std::array<bool, 4> wires{true, true, true, true};
  Fingerprint key = 1;
  Time now{1h};
  Side side{*this, names, 0};
};

TEST_F(AskerTest, the_first_question_goes_at_once_and_the_next_together) {
  ask(1);
  ASSERT_EQ(side.sent.size(), 1U);
  EXPECT_EQ(side.sent[0].to, 1);
  ask(2);
  ask(3);
  EXPECT_EQ(side.sent.size(), 1U);
  pass(Asker::breath);
  ASSERT_EQ(side.sent.size(), 2U);
  EXPECT_EQ(read_questions(side.sent[1].bytes)->entries.size(), 2U);
  answer(side.sent[0]);
  answer(side.sent[1]);
  EXPECT_EQ(side.ended.size(), 3U);
  EXPECT_EQ(source_of(3), OwnedSource::asked);
  EXPECT_EQ(side.asker.on_their_way(), 0U);
}

TEST_F(AskerTest, who_does_not_answer_is_waited_for_once) {
  ask(1);
  pass(wait_for_answer);
  EXPECT_EQ(source_of(1), OwnedSource::late);
  EXPECT_TRUE(side.asker.is_suspected(1));
  ask(2);
  EXPECT_EQ(side.sent.back().to, 2) << "the next in the order";
  EXPECT_EQ(read_questions(side.sent.back().bytes)->place, 1);
  answer(side.sent.back());
  EXPECT_EQ(source_of(2), OwnedSource::asked);
}

TEST_F(AskerTest, those_who_wait_for_a_late_one_are_sent_on) {
  ask(1);
  pass(wait_for_answer - 1ms);
  ask(2);
  pass(1ms);
  EXPECT_EQ(source_of(1), OwnedSource::late);
  EXPECT_FALSE(side.ended.contains(2));
  EXPECT_EQ(side.sent.back().to, 2);
}

TEST_F(AskerTest, with_nobody_left_a_share_is_given_out) {
  for (int round = 0; round < 3; ++round) {
    ask(10 + static_cast<std::uint64_t>(round));
    pass(wait_for_answer);
  }
  EXPECT_EQ(side.asker.suspected(), 3U);
  ask(20);
  EXPECT_EQ(source_of(20), OwnedSource::lost) << "at once";
}

TEST_F(AskerTest, a_suspected_one_is_asked_ever_more_seldom_whether_it_is_back) {
  ask(1);
  pass(wait_for_answer);
  side.sent.clear();
  pass(60s);
  EXPECT_GE(side.sent.size(), 29U);
  EXPECT_LE(side.sent.size(), 35U);
  const Letter probe = side.sent.back();
  EXPECT_TRUE(read_questions(probe.bytes)->entries.empty());
  pass(side.asker.next_due() - now);
  answer(side.sent.back());
  EXPECT_FALSE(side.asker.is_suspected(1));
  EXPECT_EQ(side.returns, 1);
  ask(2);
  EXPECT_EQ(side.sent.back().to, 1);
}

TEST_F(AskerTest, an_answer_to_a_probe_that_took_too_long_proves_nothing) {
  ask(1);
  pass(wait_for_answer);
  side.sent.clear();
  pass(Asker::first_pause);
  ASSERT_EQ(side.sent.size(), 1U);
  const Letter probe = side.sent.back();
  pass(wait_for_answer + 1ms);
  answer(probe);
  EXPECT_TRUE(side.asker.is_suspected(1));
}

TEST_F(AskerTest, a_late_answer_is_nobodys) {
  ask(1);
  const Letter question = side.sent.back();
  pass(wait_for_answer);
  answer(question);
  EXPECT_EQ(source_of(1), OwnedSource::late);
  EXPECT_TRUE(side.asker.is_suspected(1));
}

TEST_F(AskerTest, without_a_wire_it_is_wanted_and_waited_for) {
  wires[1] = false;
  ask(1);
  EXPECT_EQ(side.asker.take_wanted(), std::vector<MemberNumber>{1});
  pass(3ms);
  wires[1] = true;
  side.asker.meet(1, now);
  ASSERT_EQ(side.sent.size(), 1U);
  answer(side.sent.back());
  EXPECT_EQ(source_of(1), OwnedSource::asked);
}

TEST_F(AskerTest, who_cannot_be_reached_is_suspected_at_once) {
  wires[1] = false;
  ask(1);
  side.asker.miss(1, now);
  EXPECT_TRUE(side.asker.is_suspected(1));
  EXPECT_EQ(side.sent.back().to, 2);
}

TEST_F(AskerTest, what_was_on_a_wire_that_broke_is_asked_again) {
  ask(1);
  wires[1] = false;
  side.asker.lose(1, now);
  EXPECT_FALSE(side.asker.is_suspected(1)) << "an idle wire may have been closed in this moment";
  wires[1] = true;
  side.asker.meet(1, now);
  EXPECT_EQ(side.sent.size(), 2U);
  answer(side.sent.back());
  EXPECT_EQ(source_of(1), OwnedSource::asked);
}

TEST_F(AskerTest, an_owner_without_a_majority_decides_nothing) {
  Side owner(*this, names, 1);
  owner.asker.allow({false, false, false});
  owner.asker.hear(0, write(Questions{.place = 0, .entries = {{.key = key, .rule = 1, .cost = 1, .number = 7}}}), now);
  ASSERT_EQ(owner.sent.size(), 1U);
  EXPECT_EQ(read_answers(owner.sent[0].bytes)->entries.at(0).said, Said::not_owner);
  EXPECT_EQ(owner.spent, 0);
}

TEST_F(AskerTest, the_next_takes_the_place_of_one_that_it_has_asked_in_vain) {
  Side next(*this, names, 2);
  const std::string asked = write(Questions{.place = 1, .entries = {{.key = key, .rule = 1, .cost = 1, .number = 7}}});
  next.asker.hear(1, write(Questions{}), now);  // the owner is well
  next.asker.hear(0, asked, now);
  EXPECT_EQ(read_answers(next.sent.back().bytes)->entries.at(0).said, Said::not_owner);
  now += Asker::there_for + 1ms;
  next.asker.hear(0, asked, now);
  EXPECT_EQ(read_answers(next.sent.back().bytes)->entries.at(0).said, Said::not_owner);
  ASSERT_GE(next.sent.size(), 2U);
  const Letter& check = next.sent[next.sent.size() - 2];
  EXPECT_EQ(check.to, 1);
  EXPECT_TRUE(read_questions(check.bytes)->entries.empty());
  now += wait_for_answer;
  next.asker.tick(now);
  next.asker.hear(0, asked, now);
  EXPECT_EQ(read_answers(next.sent.back().bytes)->entries.at(0).said, Said::admitted);
}

TEST_F(AskerTest, a_rule_that_the_owner_has_not_is_held_by_shares) {
  side.asker.ask({.key = key, .rule = 2, .cost = 1}, 1, now);
  answer(side.sent.back());
  EXPECT_EQ(source_of(1), OwnedSource::lost);
}

TEST_F(AskerTest, what_is_given_back_is_not_answered) {
  Side owner(*this, names, 1);
  owner.spent = 5;
  side.asker.ask({.key = key, .rule = 1, .cost = -2}, 1, now);
  owner.asker.hear(0, side.sent.back().bytes, now);
  EXPECT_EQ(owner.spent, 3);
  EXPECT_TRUE(owner.sent.empty());
  EXPECT_TRUE(side.ended.empty());
  EXPECT_EQ(side.asker.on_their_way(), 0U);
}

TEST_F(AskerTest, too_many_questions_end_at_once) {
  wires[1] = false;
  for (std::uint64_t id = 0; id <= Asker::questions_max; ++id) ask(id);
  EXPECT_EQ(side.ended.size(), 1U);
  EXPECT_EQ(source_of(Asker::questions_max), OwnedSource::late);
}

}  // namespace
}  // namespace weir::limit::fleet
