// A route's facts survive as bytes, and bytes that are something else are not taken for facts.
#include "route/recorded_route.h"

#include <gtest/gtest.h>

#include "base/block_pool.h"

namespace weir {
namespace {

class RecordedRoute : public testing::Test {
 protected:
  RecordedRoute() {
    fields.append("x-tenant", "blue");
    fields.append("cookie", "secret=1");
  }

  BlockPool pool;
  Arena arena{pool};
  Fields fields{arena};
  RouteFacts facts{.listener = 3,
                   .method = Method::post,
                   .method_text = "POST",
                   .host = "shop.test",
                   .path = "/cart/7",
                   .query = "a=b",
                   .fields = &fields,
                   .client = *IpAddress::parse("192.0.2.1")};
  std::vector<std::string> asked{"x-absent", "x-tenant"};
};

TEST_F(RecordedRoute, comes_back_with_the_fields_that_rules_ask_for_and_no_others) {
  const auto read = unpack_route_facts(pack(facts, asked, arena), asked, arena);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->listener, 3);
  EXPECT_EQ(read->method, Method::post);
  EXPECT_EQ(read->method_text, "POST");
  EXPECT_EQ(read->host, "shop.test");
  EXPECT_EQ(read->path, "/cart/7");
  EXPECT_EQ(read->query, "a=b");
  EXPECT_EQ(read->client, facts.client);
  EXPECT_EQ(read->fields->find("x-tenant")->value, "blue");
  EXPECT_EQ(read->fields->find("x-absent"), nullptr);
  EXPECT_EQ(read->fields->find("cookie"), nullptr);
}

TEST_F(RecordedRoute, is_not_kept_of_a_path_of_kilobytes) {
  const std::string path = "/" + std::string(recorded_route_bytes_max, 'a');
  facts.path = path;
  EXPECT_TRUE(pack(facts, asked, arena).empty());
}

TEST_F(RecordedRoute, is_refused_when_cut_or_when_other_fields_were_asked_for) {
  const std::string_view bytes = pack(facts, asked, arena);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(unpack_route_facts(bytes.substr(0, size), asked, arena)) << size;
  }
  EXPECT_FALSE(unpack_route_facts(bytes, {}, arena));
}

TEST_F(RecordedRoute, router_names_each_field_it_asks_for_once) {
  std::vector<MatchRule> matches;
  for (const std::string_view name : {"x-b", "X-A", "x-b"}) {
    matches.push_back({.headers = {ValuePattern::parse_header(name, {}).value()}});
  }
  const RouteRule rule{.matches = matches};
  const Router router(std::span<const RouteRule>(&rule, 1));
  EXPECT_EQ(std::vector(router.fields_asked_for().begin(), router.fields_asked_for().end()),
            (std::vector<std::string>{"x-a", "x-b"}));
}

}  // namespace
}  // namespace weir
