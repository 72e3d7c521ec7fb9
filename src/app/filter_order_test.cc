// Which orders are doubted.
#include "app/filter_order.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::string doubts(const std::vector<std::string>& filters) {
  std::string text;
  for (const OrderDoubt& doubt : doubts_about_order(filters)) {
    text += std::to_string(doubt.second) + ' ' + doubt.suggestion + '\n';
  }
  return text;
}

TEST(FilterOrder, doubts_what_defeats_itself) {
  EXPECT_EQ(doubts({"rewrite", "headers", "forward_auth"}), "2 put forward_auth in front of rewrite\n");
  EXPECT_EQ(doubts({"basic_auth", "access"}), "1 put access in front of basic_auth\n");
  EXPECT_EQ(doubts({"basic_auth", "api_key", "access"}), "2 put access in front of basic_auth\n") << "one is enough";
}

TEST(FilterOrder, leaves_all_others_alone) {
  EXPECT_EQ(doubts({}), "");
  EXPECT_EQ(doubts({"access", "forward_auth", "basic_auth", "rewrite", "headers"}), "");
}

}  // namespace
}  // namespace weir
