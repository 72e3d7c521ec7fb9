// The order of RFC 9110 section 13.2.2, and how entity-tags and dates are compared.
#include "http/conditional.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "base/block_pool.h"
#include "http/date.h"

namespace weir {
namespace {

constexpr std::string_view modified = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view before = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view after = "Sun, 06 Nov 1994 08:49:38 GMT";

class Conditional : public testing::Test {
 protected:
  using Lines = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  Fields fields(Lines lines) {
    Fields made(arena_);
    for (const auto& [name, value] : lines) made.append(name, value);
    return made;
  }
  /// `proceed`, `not_modified if_none_match`.
  std::string decided(Lines lines, bool reads = true) {
    const ConditionDecision decision = decide_condition(fields(lines), reads, own_);
    const std::string_view verdict = decision.verdict == ConditionVerdict::proceed        ? "proceed"
                                     : decision.verdict == ConditionVerdict::not_modified ? "not_modified"
                                                                                          : "failed";
    return std::string(verdict) + (decision.reason.empty() ? "" : " ") + std::string(decision.reason);
  }
  bool ranged(std::string_view if_range, std::chrono::seconds later = std::chrono::seconds{100}) {
    return range_applies(fields({{"range", "bytes=0-1"}, {"if-range", if_range}}), own_, *own_.last_modified + later);
  }

  BlockPool pool_{1};
  Arena arena_{pool_};
  Validators own_{.etag = "\"abc\"", .last_modified = parse_date(modified)};
};

TEST_F(Conditional, without_conditions_all_goes_on) {
  EXPECT_EQ(decided({}), "proceed");
}

TEST_F(Conditional, if_none_match_compares_weakly) {
  EXPECT_EQ(decided({{"if-none-match", "\"abc\""}}), "not_modified if_none_match");
  EXPECT_EQ(decided({{"if-none-match", "W/\"abc\""}}), "not_modified if_none_match");
  EXPECT_EQ(decided({{"if-none-match", "\"x\", \"a,b\" ,W/\"abc\""}}), "not_modified if_none_match");
  EXPECT_EQ(decided({{"if-none-match", "\"x\""}, {"if-none-match", "\"abc\""}}), "not_modified if_none_match");
  EXPECT_EQ(decided({{"if-none-match", "*"}}), "not_modified if_none_match");
  EXPECT_EQ(decided({{"if-none-match", "\"abcd\""}}), "proceed");
  EXPECT_EQ(decided({{"if-none-match", "abc"}}), "proceed");
  EXPECT_EQ(decided({{"if-none-match", "\"abc"}}), "proceed");
  EXPECT_EQ(decided({{"if-none-match", "\"abc\"x"}}), "proceed");
}

TEST_F(Conditional, if_match_compares_strongly_and_fails) {
  EXPECT_EQ(decided({{"if-match", "\"abc\""}}), "proceed");
  EXPECT_EQ(decided({{"if-match", "*"}}), "proceed");
  EXPECT_EQ(decided({{"if-match", "W/\"abc\""}}), "failed if_match");
  EXPECT_EQ(decided({{"if-match", "\"x\""}}), "failed if_match");
  EXPECT_EQ(decided({{"if-match", ""}}), "failed if_match");
}

TEST_F(Conditional, a_weak_validator_never_matches_strongly) {
  own_.etag = "W/\"abc\"";
  EXPECT_EQ(decided({{"if-match", "W/\"abc\""}}), "failed if_match");
  EXPECT_EQ(decided({{"if-none-match", "\"abc\""}}), "not_modified if_none_match");
}

TEST_F(Conditional, dates_count_by_the_second) {
  EXPECT_EQ(decided({{"if-modified-since", modified}}), "not_modified if_modified_since");
  EXPECT_EQ(decided({{"if-modified-since", after}}), "not_modified if_modified_since");
  EXPECT_EQ(decided({{"if-modified-since", before}}), "proceed");
  EXPECT_EQ(decided({{"if-unmodified-since", modified}}), "proceed");
  EXPECT_EQ(decided({{"if-unmodified-since", before}}), "failed if_unmodified_since");
  EXPECT_EQ(decided({{"if-modified-since", "yesterday"}}), "proceed");
  EXPECT_EQ(decided({{"if-modified-since", modified}, {"if-modified-since", modified}}), "proceed") << "no list";
}

TEST_F(Conditional, entity_tags_make_dates_irrelevant) {
  EXPECT_EQ(decided({{"if-none-match", "\"x\""}, {"if-modified-since", after}}), "proceed");
  EXPECT_EQ(decided({{"if-match", "\"abc\""}, {"if-unmodified-since", before}}), "proceed");
}

TEST_F(Conditional, preconditions_come_before_revalidation) {
  EXPECT_EQ(decided({{"if-match", "\"x\""}, {"if-none-match", "\"abc\""}}), "failed if_match");
  EXPECT_EQ(decided({{"if-unmodified-since", before}, {"if-modified-since", after}}), "failed if_unmodified_since");
}

TEST_F(Conditional, methods_that_write_are_refused_and_never_not_modified) {
  EXPECT_EQ(decided({{"if-none-match", "*"}}, false), "failed if_none_match");
  EXPECT_EQ(decided({{"if-modified-since", after}}, false), "proceed");
}

TEST_F(Conditional, if_range_names_exactly_this_representation) {
  EXPECT_TRUE(ranged("\"abc\""));
  EXPECT_FALSE(ranged("W/\"abc\""));
  EXPECT_FALSE(ranged("\"x\""));
  EXPECT_FALSE(ranged("\"x\", \"abc\"")) << "one tag, no list";
  EXPECT_TRUE(ranged(modified));
  EXPECT_FALSE(ranged(after));
  EXPECT_FALSE(ranged(before));
  EXPECT_FALSE(ranged("nonsense"));
  EXPECT_FALSE(ranged(modified, std::chrono::seconds{0})) << "it may change once more within its second";
  EXPECT_TRUE(range_applies(fields({{"range", "bytes=0-1"}}), own_, *own_.last_modified));
}

TEST(Date, is_read_in_the_three_forms_and_written_in_one) {
  const auto date = parse_date(modified);
  ASSERT_TRUE(date);
  EXPECT_EQ(view_of(format_date(*date)), modified);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT"), date);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994"), date);
  EXPECT_EQ(*parse_date("Thu, 01 Jan 1970 00:00:00 GMT"), WallTime{});
}

TEST(Date, is_refused_when_it_is_none) {
  for (const char* const text :
       {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "sun, 06 nov 1994 08:49:37 gmt", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "784111777", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun,"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
  EXPECT_TRUE(parse_date("Fri, 31 Dec 9999 23:59:59 GMT")) << "far away, and still a date";
}

}  // namespace
}  // namespace weir
