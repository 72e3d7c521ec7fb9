// What $1 means in a target, and which templates an expression cannot fill.
#include "route/path_template.h"

#include <gtest/gtest.h>

#include "base/block_pool.h"

namespace weir {
namespace {

/// The template filled with what the expression finds in the path, or what is wrong with either.
std::string filled(std::string_view pattern, std::string_view text, std::string_view path) {
  const auto regex = PathRegex::parse(pattern);
  const auto made = PathTemplate::parse(text);
  if (!regex) return text_of(regex.error());
  if (!made) return made.error();
  if (std::string complaint = made->complaint_about(**regex); !complaint.empty()) return complaint;
  const auto captures = (*regex)->capture(path, made->groups());
  if (!captures) return "no match";
  BlockPool pool(1);
  Arena arena(pool);
  return std::string(made->fill(*captures, arena));
}

TEST(PathTemplate, puts_groups_into_text) {
  EXPECT_EQ(filled("^/p/([0-9]+)$", "/products/$1", "/p/42"), "/products/42");
  EXPECT_EQ(filled("^/(a)/(b)$", "$2$1$2", "/a/b"), "bab");
  EXPECT_EQ(filled("(1)(2)(3)(4)(5)(6)(7)(8)(9)", "$9$1", "/123456789"), "91");
  EXPECT_EQ(filled("/x", "plain", "/x"), "plain");
  EXPECT_EQ(filled("/x", "", "/x"), "");
  EXPECT_EQ(filled("^/y", "/$1", "/x"), "$1 asks for a group that the pattern does not have: it has 0");
  EXPECT_EQ(filled("^/(y)", "/$1", "/x"), "no match");
}

TEST(PathTemplate, a_group_that_took_no_part_is_empty) {
  EXPECT_EQ(filled("^/a(b)?$", "<$1>", "/a"), "<>");
}

TEST(PathTemplate, two_dollar_signs_are_one) {
  EXPECT_EQ(filled("(a)", "$$1$1$$", "/a"), "$1a$");
  for (const std::string_view text : {"$", "$0", "$x", "a$"}) {
    EXPECT_TRUE(filled("(a)", text, "/a").starts_with("a dollar sign is followed by a digit")) << text;
  }
}

}  // namespace
}  // namespace weir
