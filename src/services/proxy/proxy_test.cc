// How `proxy:` is read, and how requests are shared out.
#include "services/proxy/proxy.h"

#include <gtest/gtest.h>

#include <map>

#include "upstream/testing/silent_cluster.h"

namespace weir {
namespace {

Place somewhere() {
  return {.file_name = intern_file_name("t.yaml"), .line = 1, .column = 1};
}
Node scalar(const std::string& text) {
  return Node::scalar(somewhere(), text);
}
Node target(const std::string& to, const std::string& weight) {
  return Node::map(somewhere(), {{.name = "to", .place = somewhere(), .value = scalar(to)},
                                 {.name = "weight", .place = somewhere(), .value = scalar(weight)}});
}

std::string rehearsed(const Node& options, Diagnostics& diagnostics) {
  SilentClusters context(diagnostics, "routes[0].proxy", {silent_cluster("shop", 2), silent_cluster("shop-next", 2)});
  const auto service = proxy_service().build(options, context);
  if (service == nullptr) return "";
  BlockPool blocks;
  Arena arena(blocks);
  RequestHead head(arena);
  ImaginedRequest imagined{.head = head, .client = {}};
  return service->rehearse(imagined).text;
}

TEST(Proxy, one_upstream_by_name) {
  Diagnostics diagnostics;
  EXPECT_EQ(rehearsed(scalar("shop"), diagnostics), "forwards to upstream shop (2 endpoints)");
  EXPECT_TRUE(diagnostics.empty()) << diagnostics.text();
}

TEST(Proxy, weighted_list) {
  Diagnostics diagnostics;
  EXPECT_EQ(rehearsed(Node::list(somewhere(), {target("shop", "95"), target("shop-next", "5")}), diagnostics),
            "forwards to one of shop (2 endpoints), 95 of 100; shop-next (2 endpoints), 5 of 100");
  EXPECT_TRUE(diagnostics.empty()) << diagnostics.text();
}

TEST(Proxy, mistakes_are_reported_all_at_once) {
  Diagnostics diagnostics;
  EXPECT_EQ(rehearsed(Node::list(somewhere(), {target("shp", "1"), target("shop", "0")}), diagnostics), "");
  EXPECT_EQ(diagnostics.errors(), 2U) << diagnostics.text();
}

TEST(Proxy, filters_of_one_target_are_not_supported_and_say_so) {
  Diagnostics diagnostics;
  const Node with_filters = Node::map(
      somewhere(), {{.name = "to", .place = somewhere(), .value = scalar("shop")},
                    {.name = "filters", .place = somewhere(), .value = Node::list(somewhere(), {scalar("x")})}});
  EXPECT_EQ(rehearsed(Node::list(somewhere(), {with_filters}), diagnostics), "");
  EXPECT_NE(diagnostics.text().find("not supported yet"), std::string::npos) << diagnostics.text();
}

TEST(Proxy, missing_or_empty_options_are_errors) {
  Diagnostics diagnostics;
  EXPECT_EQ(rehearsed(Node(), diagnostics), "");
  EXPECT_EQ(rehearsed(Node::list(somewhere(), {}), diagnostics), "");
  EXPECT_EQ(diagnostics.errors(), 2U) << diagnostics.text();
}

TEST(Proxy, shares_are_as_the_weights_say) {
  const std::vector<ProxyTarget> targets{{.cluster = silent_cluster("a"), .weight = 95},
                                         {.cluster = silent_cluster("b"), .weight = 5}};
  std::map<std::string, unsigned> counts;
  for (std::uint64_t draw = 0; draw < 1000; ++draw) ++counts[pick_target(targets, draw).cluster->name()];
  EXPECT_EQ(counts["a"], 950U);
  EXPECT_EQ(counts["b"], 50U);
}

}  // namespace
}  // namespace weir
