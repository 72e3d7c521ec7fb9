// Which requests do not belong on the TLS connection that they came through.
#include "server/misdirection.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Misdirection, takes_the_name_that_was_asked_for_and_names_on_the_same_certificate) {
  EXPECT_FALSE(decide({.named = true, .same_name = true, .shown = 1, .host_is_shown = 1}).misdirected);
  const MisdirectionVerdict shared = decide({.named = true, .same_name = false, .shown = 1, .host_is_shown = 1});
  EXPECT_FALSE(shared.misdirected);
  EXPECT_EQ(shared.reason, "same_certificate");
}

TEST(Misdirection, refuses_a_host_of_another_certificate) {
  const MisdirectionVerdict verdict = decide({.named = true, .same_name = false, .shown = 0, .host_is_shown = 2});
  EXPECT_TRUE(verdict.misdirected);
  EXPECT_EQ(verdict.reason, "other_certificate");
}

TEST(Misdirection, does_not_judge_who_asked_for_no_name) {
  EXPECT_FALSE(decide({.named = false, .same_name = false, .shown = 0, .host_is_shown = 2}).misdirected);
}

}  // namespace
}  // namespace weir
