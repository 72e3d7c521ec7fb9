// Shows that messages come back as they went, and that nothing else is taken for one.
#include "filters/limit/fleet/message.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace weir::limit::fleet {
namespace {

Report some_report(Random& random) {
  Report report{.slot = static_cast<std::uint8_t>(random.below(slots)),
                .to = random.chance(0.5) ? Seat::aggregator : Seat::collector,
                .voters = static_cast<std::uint16_t>(random.below(1000)),
                .entries = {}};
  for (std::uint64_t left = random.below(entries_max + 1); left > 0; --left) {
    const auto offered = static_cast<std::uint32_t>(random.next());
    report.entries.push_back({.key = random.next(),
                              .rule = static_cast<RuleTag>(random.next()),
                              .offered = offered,
                              .admitted = offered / 2,
                              .offered_by_all = static_cast<std::uint32_t>(random.next()),
                              .allowance = {.per_second = 1 + static_cast<double>(random.below(1000)), .burst = 7}});
  }
  return report;
}

Ratios some_ratios(Random& random) {
  Ratios ratios{.slot = static_cast<std::uint8_t>(random.below(slots)), .voters = 3, .entries = {}};
  for (std::uint64_t left = random.below(entries_max + 1); left > 0; --left)
    ratios.entries.push_back({.key = random.next(), .rule = 5, .ratio = static_cast<std::uint32_t>(random.next())});
  return ratios;
}

TEST(Message, comes_back_as_it_went) {
  Random random(4711);
  for (int round = 0; round < 200; ++round) {
    const Report report = some_report(random);
    EXPECT_EQ(read_report(write(report)), report);
    EXPECT_FALSE(read_ratios(write(report)));
    const Ratios ratios = some_ratios(random);
    EXPECT_EQ(read_ratios(write(ratios)), ratios);
    EXPECT_FALSE(read_report(write(ratios)));
    EXPECT_LE(write(report).size(), message_bytes_max);
  }
}

TEST(Message, questions_and_answers_come_back_as_they_went) {
  Random random(4713);
  for (int round = 0; round < 200; ++round) {
    Questions questions{.place = static_cast<std::uint8_t>(random.below(owners_max)), .entries = {}};
    Answers answers;
    for (std::uint64_t left = random.below(entries_max + 1); left > 0; --left) {
      questions.entries.push_back({.key = random.next(), .rule = 5, .cost = -7, .number = 9});
      answers.entries.push_back({.number = static_cast<std::uint32_t>(random.next()),
                                 .said = static_cast<Said>(random.below(4)),
                                 .remaining = random.next(),
                                 .wait = random.chance(0.2) ? no_limit : Duration{static_cast<long>(random.below(99))},
                                 .reset = Duration{5}});
    }
    EXPECT_EQ(read_questions(write(questions)), questions);
    EXPECT_EQ(read_answers(write(answers)), answers);
    EXPECT_FALSE(read_report(write(questions)));
    EXPECT_FALSE(read_questions(write(answers)));
    EXPECT_FALSE(read_questions(write(questions).substr(1)));
    EXPECT_FALSE(read_answers(write(answers) + '\0'));
    EXPECT_LE(write(answers).size(), message_bytes_max);
  }
}

TEST(Message, with_an_impossible_question_or_answer_is_none) {
  EXPECT_FALSE(read_questions(write(Questions{.entries = {{.cost = 0}}}))) << "costs nothing";
  EXPECT_FALSE(read_answers(write(Answers{.entries = {{.said = static_cast<Said>(4)}}})));
  EXPECT_FALSE(read_answers(write(Answers{.entries = {{.wait = Duration{-2}}}})));
  EXPECT_FALSE(read_answers(write(Answers{.entries = {{.reset = Duration{-1}}}})));
}

TEST(Message, that_is_cut_or_longer_is_none) {
  Random random(4712);
  const std::string bytes = write(some_report(random));
  for (std::size_t length = 0; length < bytes.size(); ++length) EXPECT_FALSE(read_report(bytes.substr(0, length)));
  EXPECT_FALSE(read_report(bytes + '\0'));
  const std::string ratios = write(some_ratios(random));
  for (std::size_t length = 0; length < ratios.size(); ++length) EXPECT_FALSE(read_ratios(ratios.substr(0, length)));
}

TEST(Message, of_another_version_kind_or_slot_is_none) {
  const std::string bytes = write(Report{});
  for (const auto& [place, value] : {std::pair{0, 1}, {1, 0}, {1, 3}, {1, 9}, {2, slots}, {3, 2}}) {
    std::string other = bytes;
    other[static_cast<std::size_t>(place)] = static_cast<char>(value);
    EXPECT_FALSE(read_report(other)) << place << " " << value;
  }
}

TEST(Message, with_impossible_numbers_is_none) {
  const auto with = [](ReportEntry entry) { return read_report(write(Report{.entries = {entry}})).has_value(); };
  EXPECT_TRUE(with({.offered = 2, .admitted = 2}));
  EXPECT_FALSE(with({.offered = 2, .admitted = 3}));
  for (const double wrong : {0.0, -1.0, 1e13, std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_FALSE(with({.allowance = {.per_second = wrong, .burst = 1}})) << wrong;
    if (wrong != 0) EXPECT_FALSE(with({.allowance = {.per_second = 1, .burst = wrong}})) << wrong;
  }
}

TEST(Message, ratios_are_exact_at_their_ends) {
  EXPECT_EQ(ratio_from(ratio_parts(1)), 1);
  EXPECT_EQ(ratio_from(ratio_parts(0)), 0);
  EXPECT_NEAR(ratio_from(ratio_parts(0.3)), 0.3, 1e-9);
  EXPECT_EQ(ratio_parts(7), ratio_parts(1));
  EXPECT_EQ(count_parts(-3), 0U);
}

}  // namespace
}  // namespace weir::limit::fleet
