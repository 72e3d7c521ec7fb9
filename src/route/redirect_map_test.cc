// The three ways to write a map, what is found in it, and what is said of lines that make no sense.
#include "route/redirect_map.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/block_pool.h"

namespace weir {
namespace {

struct Read {
  std::shared_ptr<const RedirectMap> map;
  std::string complaints;
};

Read read(std::string_view file, std::string_view bytes) {
  Diagnostics diagnostics;
  FileReport report({.file_name = intern_file_name(file), .line = 0, .column = 0}, diagnostics);
  auto map = RedirectMap::parse(bytes, report);
  return {std::move(map), diagnostics.text()};
}

/// `/new 301 line 2`, or nothing.
std::string look_up(const RedirectMap& map, std::string_view target) {
  BlockPool blocks;
  Arena arena(blocks);
  RequestHead request(arena);
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  request.has_query = question != std::string_view::npos;
  if (request.has_query) request.query = target.substr(question + 1);
  const auto found = map.find(request);
  if (!found) return "";
  const auto location = RedirectMap::location(*found, request, true, arena);
  return fmt::format("{} {} line {}", location ? *location : "error", found->status, found->line);
}

TEST(RedirectMap, three_ways_to_write_the_same) {
  const std::vector<std::pair<std::string_view, std::string_view>> files{
      {"a.map", "# moved\n/a /b 301\n\"/c\"   '/d';\n~^/p/([0-9]+)$ /products/$1 302;\r\n/e/* /f/*\n/g/*\t/h # all\n"},
      {"a.csv", "from,to,status\n/a,/b,301\n/c,\"/d\"\n~^/p/([0-9]+)$,/products/$1,302\r\n/e/*,/f/*\n/g/*,/h,\n"},
      {"a.yaml",
       "---\n/a: { to: /b, status: 301 }\n\"/c\": /d\n'~^/p/([0-9]+)$': { status: 302, to: '/products/$1' }\n"
       "/e/*: /f/*\n/g/*: /h  # all\n"},
  };
  for (const auto& [name, bytes] : files) {
    const auto [map, complaints] = read(name, bytes);
    ASSERT_TRUE(map) << name << "\n" << complaints;
    EXPECT_EQ(map->size(), 5U);
    EXPECT_EQ(look_up(*map, "/a"), "/b 301 line 2") << name;
    EXPECT_EQ(look_up(*map, "/a?x=1"), "/b?x=1 301 line 2") << name;
    EXPECT_EQ(look_up(*map, "/c"), "/d 0 line 3") << name;
    EXPECT_EQ(look_up(*map, "/p/42"), "/products/42 302 line 4") << name;
    EXPECT_EQ(look_up(*map, "/p/x"), "") << name;
    EXPECT_EQ(look_up(*map, "/e/1/2?y"), "/f/1/2?y 0 line 5") << name;
    EXPECT_EQ(look_up(*map, "/e"), "/f 0 line 5") << name;
    EXPECT_EQ(look_up(*map, "/eagle"), "") << name;
    EXPECT_EQ(look_up(*map, "/g/1"), "/h 0 line 6") << name;
    EXPECT_EQ(look_up(*map, "/"), "") << name;
  }
}

TEST(RedirectMap, exact_goes_before_longest_prefix_before_patterns) {
  const auto [map, complaints] = read("m", "~^/a/ /pattern\n/a/* /short\n/a/b/* /long\n/a/b/c /exact\n/* /all/*\n");
  ASSERT_TRUE(map) << complaints;
  EXPECT_EQ(look_up(*map, "/a/b/c"), "/exact 0 line 4");
  EXPECT_EQ(look_up(*map, "/a/b/d"), "/long 0 line 3");
  EXPECT_EQ(look_up(*map, "/a/d"), "/short 0 line 2");
  EXPECT_EQ(look_up(*map, "/x"), "/all/x 0 line 5");
  EXPECT_EQ(look_up(*map, "/"), "/all/ 0 line 5");
}

TEST(RedirectMap, prefix_is_found_below_a_long_path) {
  const auto [map, complaints] = read("m", "/a/b/* /x/*\n/a/* /y\n");
  ASSERT_TRUE(map) << complaints;
  std::string rest;
  for (int number = 0; number < 1000; ++number) rest += "/s";
  EXPECT_EQ(look_up(*map, "/a/b" + rest), "/x" + rest + " 0 line 1");
  EXPECT_EQ(look_up(*map, "/a/bb" + rest), "/y 0 line 2");
  EXPECT_EQ(look_up(*map, "/a/b"), "/x 0 line 1");
  EXPECT_EQ(look_up(*map, "/z" + rest), "");
}

TEST(RedirectMap, address_may_have_a_query) {
  const auto [map, complaints] = read("m", "/index.php?p=12 /news/12\n/index.php /\n");
  ASSERT_TRUE(map) << complaints;
  EXPECT_TRUE(look_up(*map, "/index.php?p=12").starts_with("/news/12"));
  EXPECT_TRUE(look_up(*map, "/index.php?p=13").starts_with("/?p=13"));
}

TEST(RedirectMap, hundred_thousand_entries_are_all_found) {
  std::string bytes;
  for (int number = 0; number < 100'000; ++number) bytes += fmt::format("/old/{},/new/{}\n", number, number);
  const auto [map, complaints] = read("m.csv", bytes);
  ASSERT_TRUE(map) << complaints;
  EXPECT_EQ(map->exact_count(), 100'000U);
  for (int number = 0; number < 100'000; number += 997) {
    EXPECT_EQ(look_up(*map, fmt::format("/old/{}", number)), fmt::format("/new/{} 0 line {}", number, number + 1));
  }
  EXPECT_EQ(look_up(*map, "/old/100000"), "");
}

TEST(RedirectMap, says_what_is_wrong_with_which_line) {
  struct Case {
    std::string_view file;
    std::string_view bytes;
    std::string_view said;
  };
  for (const auto& [file, bytes, said] : std::vector<Case>{
           {"m", "/a /b\n/a /c\n", "m:2:1: \"/a\" stands here a second time; the first is in line 1"},
           {"m", "/a/* /b\n/a/* /c\n", "second time"},
           {"m", "/a\n", "m:1:1: there is no target"},
           {"m", "a /b\n", "not the form in which requests"},
           {"m", "/a/../b /c\n", "write /b"},
           {"m", "/a //evil.example\n", "two slashes"},
           {"m", "/a javascript:alert(1)\n", "neither a path nor an absolute URL"},
           {"m", "/a https://e%20x/\n", "no host name"},
           {"m", "/a /b 200\n", "\"200\" is no status of a redirect"},
           {"m", "/a /b 301 x\n", "more than address, target and status"},
           {"m", "\"/a /b\n", "a quote is opened"},
           {"m", "/a /a\n", "where it came from"},
           {"m", "/a/* /a/*\n", "where it came from"},
           {"m", "/a /b\n/b /c\n/c /a\n", "in a circle"},
           {"m", "/a /$1\n", "only patterns have them"},
           {"m", "~^/(a)$ /$2\n", "asks for a group that the pattern does not have"},
           {"m", "~( /b\n", "m:1:1: \"~(\""},
           {"m", "~*^/a /b\n", "write ~(?i)"},
           {"m", "~^/(.*)$ https://$1/\n", "choose the host"},
           {"m", "/a#b /c\n", "behind #"},
           {"m.csv", "/a,/b,301,x\n", "more than"},
           {"m.csv", "\"/a\"x,/b\n", "quote"},
           {"m.yaml", "/a:\n  to: /b\n", "one entry on one line"},
           {"m.yaml", "/a: { too: /b }\n", "write { to: /to"},
       }) {
    const auto [map, complaints] = read(file, bytes);
    EXPECT_FALSE(map) << bytes;
    EXPECT_TRUE(complaints.contains(said)) << bytes << complaints;
  }
}

TEST(RedirectMap, dollar_sign_is_doubled) {
  const auto [map, complaints] = read("m", "/a /b$$c\n");
  ASSERT_TRUE(map) << complaints;
  EXPECT_TRUE(look_up(*map, "/a").starts_with("/b$c "));
}

TEST(RedirectMap, captured_text_never_chooses_the_host) {
  const auto [map, complaints] = read("m", "~^/go(.*)$ $1\n");
  EXPECT_FALSE(map) << "a target begins with a slash or a scheme";
  const auto [slash, none] = read("m", "~^/go/(.*)$ /$1\n");
  ASSERT_TRUE(slash) << none;
  EXPECT_TRUE(look_up(*slash, "/go//evil.example").starts_with("/evil.example "))
      << look_up(*slash, "/go//evil.example");
}

}  // namespace
}  // namespace weir
