// What is written is read again; what is not base64url is nothing.
#include "base/base64url.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Base64url, goes_both_ways) {
  for (std::size_t size = 0; size < 70; ++size) {
    std::string bytes;
    for (std::size_t at = 0; at < size; ++at) bytes += static_cast<char>(at * 37 + size);
    EXPECT_EQ(decode_base64url(base64url(bytes)), bytes);
  }
  EXPECT_EQ(base64url("\xFB\xFF"), "-_8");
  EXPECT_EQ(decode_base64url("-_8="), "\xFB\xFF");
  EXPECT_FALSE(decode_base64url("+/8"));
  EXPECT_FALSE(decode_base64url("a"));
}

}  // namespace
}  // namespace weir
