// Which route of a listener a name leads to, and that what is open is counted.
#include "server/raw_listener.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

RawRoute route(const std::string& name, std::initializer_list<std::string_view> server_names) {
  auto made = std::make_shared<Route>();
  made->name = name;
  RawRoute raw{.server_names = {}, .route = std::move(made)};
  for (const std::string_view each : server_names) raw.server_names.push_back(*HostPattern::parse(each));
  return raw;
}

std::string taken_by(const RawRoutes& routes, std::string_view server_name) {
  const RawVerdict verdict = routes.find(server_name);
  return (verdict.chosen == nullptr ? "nobody" : verdict.chosen->route->name) + " " + std::string(verdict.reason);
}

TEST(RawRoutes, exact_name_goes_before_the_longest_wildcard_and_that_before_who_takes_the_rest) {
  const RawRoutes routes({route("rest", {}), route("example", {"*.example.com"}), route("eu", {"*.eu.example.com"}),
                          route("shop", {"shop.eu.example.com", "shop.test"})});
  EXPECT_EQ(taken_by(routes, "shop.eu.example.com"), "shop server_name");
  EXPECT_EQ(taken_by(routes, "shop.test"), "shop server_name");
  EXPECT_EQ(taken_by(routes, "a.eu.example.com"), "eu wildcard");
  EXPECT_EQ(taken_by(routes, "a.b.eu.example.com"), "eu wildcard");
  EXPECT_EQ(taken_by(routes, "eu.example.com"), "example wildcard");
  EXPECT_EQ(taken_by(routes, "example.com"), "rest no_name_matches") << "a wildcard stands for what is below it";
  EXPECT_EQ(taken_by(routes, ""), "rest no_name_matches");
}

TEST(RawRoutes, without_a_route_for_the_rest_nobody_takes_an_unknown_name) {
  const RawRoutes routes({route("shop", {"shop.test"})});
  EXPECT_EQ(taken_by(routes, "other.test"), "nobody no_name_matches");
  EXPECT_EQ(taken_by(routes, ""), "nobody no_name_matches");
}

TEST(RawRoutes, the_only_route_takes_everybody) {
  EXPECT_EQ(taken_by(RawRoutes({route("redis", {})}), "a.test"), "redis only_route");
}

TEST(RawCount, is_full_at_its_maximum_until_somebody_leaves) {
  RawCount count;
  EXPECT_TRUE(count.enter(2));
  EXPECT_TRUE(count.enter(2));
  EXPECT_FALSE(count.enter(2));
  count.leave();
  EXPECT_TRUE(count.enter(2));
  EXPECT_FALSE(count.enter(2));
}

TEST(RawPlace, is_left_once_by_who_held_it_last) {
  const auto count = std::make_shared<RawCount>();
  EXPECT_TRUE(count->enter(1));
  {
    RawPlace first(count);
    RawPlace second(std::move(first));
    RawPlace third;
    third = std::move(second);
    EXPECT_FALSE(count->enter(1));
  }
  EXPECT_TRUE(count->enter(1));
  EXPECT_FALSE(count->enter(1));
}

}  // namespace
}  // namespace weir
