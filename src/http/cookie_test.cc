// What is found of a name in the lines of a Cookie field.
#include "http/cookie.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/arena.h"
#include "http/message.h"

namespace weir {
namespace {

std::vector<std::string> all_of(const std::vector<std::string_view>& lines, std::string_view name,
                                std::size_t wanted = 100) {
  BlockPool blocks;
  Arena arena(blocks);
  RequestHead head(arena);
  for (const std::string_view line : lines) head.fields.append(FieldName::cookie, line);
  std::vector<std::string> found;
  find_cookie(head.fields, name, [&](std::string_view value) {
    found.emplace_back(value);
    return found.size() == wanted;
  });
  return found;
}

using Values = std::vector<std::string>;

TEST(Cookie, is_found_among_others) {
  EXPECT_EQ(all_of({"a=1; session=x=y; b=2"}, "session"), Values{"x=y"});
  EXPECT_EQ(all_of({"a=1;session=2"}, "session"), Values{"2"}) << "some clients leave the space out";
  EXPECT_EQ(all_of({"a=1", "session=2"}, "session"), Values{"2"}) << "HTTP/2 splits the field";
}

TEST(Cookie, names_are_compared_as_they_are) {
  EXPECT_EQ(all_of({"Session=1; xsession=2; sessions=3"}, "session"), Values{});
}

TEST(Cookie, what_is_no_pair_is_passed_over) {
  EXPECT_EQ(all_of({"session; =x; ;; session=", ""}, "session"), Values{""});
}

TEST(Cookie, all_of_a_name_are_offered_until_one_is_taken) {
  EXPECT_EQ(all_of({"s=1; s=2", "s=3"}, "s"), (Values{"1", "2", "3"}));
  EXPECT_EQ(all_of({"s=1; s=2", "s=3"}, "s", 2), (Values{"1", "2"}));
}

}  // namespace
}  // namespace weir
