// Questions about text, with the answers that RFCs and dictionaries give.
#include "base/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace weir::text {
namespace {

std::vector<std::string> members_of(std::string_view list) {
  std::vector<std::string> members;
  for_each_member(list, [&](std::string_view member) { members.emplace_back(member); });
  return members;
}

std::string json(std::string_view value) {
  std::string out;
  append_json_string(out, value);
  return out;
}

TEST(Text, lower_touches_only_ascii_letters) {
  EXPECT_EQ(to_lower("AbZ@[`{\xC4"), "abz@[`{\xC4");
  EXPECT_TRUE(equal_ignoring_case("Content-Length", "content-lENGTH"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));  // differ by the case bit alone
}

TEST(Text, hex_value_knows_digits_only) {
  EXPECT_EQ(hex_value('0'), 0);
  EXPECT_EQ(hex_value('f'), 15);
  EXPECT_EQ(hex_value('A'), 10);
  for (const char c : {'g', 'G', '/', ':', '@', '`', ' ', '\xFF'}) EXPECT_EQ(hex_value(c), -1) << c;
}

TEST(Text, trim_removes_spaces_and_tabs_only) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim("\r a"), "\r a");
}

TEST(Text, parse_decimal_takes_digits_and_nothing_else) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("007"), 7U);
  EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", "+1", "-1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "99999999999999999999"}) {
    EXPECT_FALSE(parse_decimal(bad).has_value()) << bad;
  }
}

TEST(Text, split_keeps_empty_parts) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
}

TEST(Text, members_are_trimmed_and_empty_ones_passed_over) {
  EXPECT_EQ(members_of("close, ,\tkeep-alive ,,"), (std::vector<std::string>{"close", "keep-alive"}));
  EXPECT_TRUE(members_of("").empty());
  EXPECT_TRUE(members_of(" , ,").empty());
}

TEST(Text, comma_in_quotes_does_not_separate) {
  EXPECT_EQ(members_of(R"(a="x,y", b)"), (std::vector<std::string>{R"(a="x,y")", "b"}));
  EXPECT_EQ(members_of(R"("a\",b", c)"), (std::vector<std::string>{R"("a\",b")", "c"}));
}

TEST(Text, unterminated_quote_is_still_a_member) {
  EXPECT_EQ(members_of(R"(a, "b,c)"), (std::vector<std::string>{"a", R"("b,c)"}));
  EXPECT_EQ(members_of("a, \"b\\"), (std::vector<std::string>{"a", "\"b\\"}));
}

// Whatever the bytes are, joined members hold every byte that is neither separator nor white space.
TEST(Text, members_lose_nothing_but_separators) {
  Random random(11);
  constexpr std::string_view letters = "a,\"\\ \t";
  for (int round = 0; round < 20'000; ++round) {
    std::string list;
    for (std::uint64_t count = random.below(12); count > 0; --count) list += letters[random.below(letters.size())];
    std::size_t expected = 0;
    std::size_t found = 0;
    for (const char c : list) expected += c == 'a' || c == '"' || c == '\\' ? 1U : 0U;
    for (const std::string& member : members_of(list)) {
      for (const char c : member) found += c == 'a' || c == '"' || c == '\\' ? 1U : 0U;
    }
    ASSERT_EQ(found, expected) << list;
  }
}

TEST(Text, edit_distance_counts_single_letter_edits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("timeouts", "timeuots"), 1U);  // neighbours swapped
  EXPECT_EQ(edit_distance("ab", "ba"), 1U);
  EXPECT_EQ(edit_distance("upstream", "upstreams"), 1U);
}

TEST(Text, edit_distance_is_symmetric_and_at_most_one_per_edit) {
  Random random(5);
  for (int round = 0; round < 2000; ++round) {
    std::string word;
    for (std::uint64_t count = random.below(10); count > 0; --count) word += static_cast<char>('a' + random.below(3));
    std::string edited = word;
    const std::uint64_t edits = random.below(3);
    for (std::uint64_t edit = 0; edit < edits; ++edit) {
      const std::size_t at = random.below(edited.size() + 1);
      if (random.chance(0.5) || at == edited.size())
        edited.insert(at, 1, static_cast<char>('a' + random.below(3)));
      else
        edited.erase(at, 1);
    }
    ASSERT_LE(edit_distance(word, edited), edits) << word << " " << edited;
    ASSERT_EQ(edit_distance(word, edited), edit_distance(edited, word)) << word << " " << edited;
  }
}

TEST(Text, nearest_suggests_what_was_probably_meant) {
  const std::vector<std::string_view> options{"listeners", "upstreams", "routes", "timeouts"};
  EXPECT_EQ(nearest("listners", options), "listeners");
  EXPECT_EQ(nearest("upstream", options), "upstreams");
  EXPECT_EQ(nearest("route", options), "routes");
  EXPECT_EQ(nearest("plugins", options), "");
  EXPECT_EQ(nearest("x", {}), "");
}

TEST(Text, json_escapes_what_json_requires) {
  EXPECT_EQ(json("plain"), R"("plain")");
  EXPECT_EQ(json("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json("\n\r\t"), R"("\n\r\t")");
  EXPECT_EQ(json(std::string_view("\0\x1F\x7F", 3)), R"("\u0000\u001f\u007f")");
}

TEST(Text, json_keeps_utf8_and_replaces_what_is_not) {
  EXPECT_EQ(json("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8C\x8A"),
            "\"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x8C\x8A\"");
  constexpr std::string_view replaced = "\xEF\xBF\xBD";
  const auto times = [&](int count) {
    std::string out = "\"";
    for (int at = 0; at < count; ++at) out += replaced;
    return out + "\"";
  };
  EXPECT_EQ(json("\x80"), times(1));              // a follower alone
  EXPECT_EQ(json("\xC3"), times(1));              // cut short
  EXPECT_EQ(json("\xC0\xAF"), times(2));          // overlong '/'
  EXPECT_EQ(json("\xE0\x80\xAF"), times(3));      // overlong '/' in three
  EXPECT_EQ(json("\xED\xA0\x80"), times(3));      // a surrogate
  EXPECT_EQ(json("\xF4\x90\x80\x80"), times(4));  // above U+10FFFF
  EXPECT_EQ(json("\xFF"), times(1));
}

}  // namespace
}  // namespace weir::text
