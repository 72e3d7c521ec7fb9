// Which requests are served before the handshake is over.
#include "server/early_request.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

EarlyRequestVerdict early(Method method, bool has_content = false, bool upgrades = false) {
  return decide({.handshake_over = false, .method = method, .has_content = has_content, .upgrades = upgrades});
}

TEST(EarlyRequest, what_only_asks_is_served) {
  for (const Method method : {Method::get, Method::head, Method::options}) EXPECT_TRUE(early(method).served);
}

TEST(EarlyRequest, all_else_comes_again_later) {
  for (const Method method :
       {Method::post, Method::put, Method::delete_, Method::patch, Method::connect, Method::trace, Method::other})
    EXPECT_EQ(early(method).reason, "unsafe_method");
  EXPECT_EQ(early(Method::get, true).reason, "content");
  EXPECT_EQ(early(Method::get, false, true).reason, "upgrade");
  EXPECT_FALSE(early(Method::get, true).served);
}

TEST(EarlyRequest, when_the_handshake_is_over_nothing_is_early) {
  EXPECT_TRUE(decide({.handshake_over = true, .method = Method::post, .has_content = true}).served);
}

}  // namespace
}  // namespace weir
