// What a client could send to act on somebody's terminal.
#include "app/printable.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Printable, shows_every_byte_that_would_act_on_a_terminal) {
  EXPECT_EQ(printable("plain ~ text"), "plain ~ text");
  EXPECT_EQ(printable("\x1b[2J\n\t\x7f\x80\xff"), "\\x1b[2J\\x0a\\x09\\x7f\\x80\\xff");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
}

}  // namespace
}  // namespace weir
