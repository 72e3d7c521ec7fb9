// Copies and comparisons of every size a piece of a head can have, with what lies beside it.
#include "base/short_text.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

TEST(ShortText, is_copied_whole_and_nothing_beside_it_is_touched) {
  for (std::size_t size = 0; size < 80; ++size) {
    std::string text;
    for (std::size_t at = 0; at < size; ++at) text += static_cast<char>('a' + at % 26);
    std::string room(size + 2, '#');
    EXPECT_EQ(copy_short(room.data() + 1, text), room.data() + 1 + size);
    EXPECT_EQ(room, "#" + text + "#");
  }
}

TEST(ShortText, differs_wherever_one_byte_does) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string text(size, 'a');
    EXPECT_TRUE(equal_short(text.data(), std::string(text).data(), size));
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = 'b';
      EXPECT_FALSE(equal_short(text.data(), other.data(), size)) << size << " " << at;
    }
  }
}

}  // namespace
}  // namespace weir
