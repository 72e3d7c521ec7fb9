// Who is sent on and who goes on.
#include "filters/redirect/redirect.h"

#include <gtest/gtest.h>

#include "contracts/testing/conformance.h"
#include "contracts/testing/temporary_folder.h"

namespace weir {
namespace {

TEST(RedirectFilter, redirects_what_the_map_has_and_lets_the_rest_on) {
  TemporaryFolder folder;
  folder.write("redirects.csv", "/old,/new,301\n/cart/items/*,/basket/*\n");
  folder.enter();
  expect_conformance(redirect_filter(), "redirects.csv");

  const auto built = build_plugin(redirect_filter(), "{ map: redirects.csv, status: 302 }");
  ASSERT_TRUE(built.plugin) << built.diagnostics.text();
  TestShard shard;
  CountingService service;
  const auto ask = [&](std::string_view target) {
    TestExchange test(shard);
    test.request("GET", target, "example.com");
    const auto answer = shard.run_to_end(built.plugin->handle(test.exchange, TestExchange::next(service)));
    if (test.last_record() != nullptr) EXPECT_EQ(test.last_record()->place.file(), "redirects.csv");
    return std::to_string(answer->head.status) + ' ' + std::string(answer->head.fields.get(FieldName::location));
  };
  EXPECT_EQ(ask("/old?a=b"), "301 /new?a=b");
  EXPECT_EQ(ask("/cart/items/7"), "302 /basket/7");
  EXPECT_EQ(service.calls, 0);
  EXPECT_EQ(ask("/older"), "200 ");
  EXPECT_EQ(service.calls, 1);
}

}  // namespace
}  // namespace weir
