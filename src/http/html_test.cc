// Shows: text stays text in HTML, between tags and within quotes.
// How: what each character becomes.
#include "http/html.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_html(out, text);
  return out;
}

TEST(Html, text_opens_no_tag_and_ends_no_quote) {
  EXPECT_EQ(escaped("<a href=\"x\" title='y'>&amp;"), "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;");
  EXPECT_EQ(escaped("caf\xC3\xA9 / plain"), "caf\xC3\xA9 / plain");
}

}  // namespace
}  // namespace weir
