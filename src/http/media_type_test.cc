// What names say of their content.
#include "http/media_type.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(MediaType, comes_from_the_last_extension_in_any_case) {
  EXPECT_EQ(media_type_of("index.html"), "text/html");
  EXPECT_EQ(media_type_of("app.min.JS"), "text/javascript");
  EXPECT_EQ(media_type_of("archive.tar.gz"), "application/gzip");
  EXPECT_EQ(media_type_of("a.webp"), "image/webp");
  EXPECT_EQ(media_type_of("x.7z"), "application/x-7z-compressed");
}

TEST(MediaType, is_unknown_without_an_extension_that_is_in_the_table) {
  for (const char* const name : {"README", ".js", "x.", "x.unheard-of", "x.a-very-long-extension-indeed", ""}) {
    EXPECT_EQ(media_type_of(name), "") << name;
  }
}

TEST(MediaType, text_takes_a_charset) {
  EXPECT_TRUE(takes_charset("text/html"));
  EXPECT_FALSE(takes_charset("application/json"));
}

}  // namespace
}  // namespace weir
