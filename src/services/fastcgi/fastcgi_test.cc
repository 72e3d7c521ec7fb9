// Shows: how `fastcgi:` is written, and what it would do with a path.
// How: built with an upstream that nobody speaks to.
#include "services/fastcgi/fastcgi.h"

#include <gtest/gtest.h>

#include "contracts/testing/build_plugin.h"
#include "contracts/testing/test_exchange.h"
#include "upstream/testing/silent_cluster.h"

namespace weir {
namespace {

std::unique_ptr<const Service> built(std::string_view options, std::string& complaints) {
  Diagnostics diagnostics;
  SilentClusters context(diagnostics, "fastcgi", {silent_cluster("app"), silent_cluster("php")});
  auto service = fastcgi_service().build(node(options), context);
  complaints = diagnostics.text();
  return service;
}

/// What `weir explain` says.
std::string rehearsed(std::string_view options, std::string_view target) {
  std::string complaints;
  const auto service = built(options, complaints);
  if (service == nullptr) return complaints;
  TestShard shard;
  TestExchange test(shard);
  test.request("GET", target, "shop.test");
  ImaginedRequest imagined = test.imagined();
  const Effect effect = service->rehearse(imagined);
  return effect.text + (effect.status == 0 ? "" : " " + std::to_string(effect.status));
}

std::string complaints_about(std::string_view options) {
  std::string complaints;
  EXPECT_EQ(built(options, complaints), nullptr) << options;
  return complaints;
}

TEST(Fastcgi, says_what_it_would_run) {
  EXPECT_EQ(rehearsed("app", "/x"), "asks the application at upstream app");
  const std::string unchecked = "{ to: php, root: /srv/blog, check_scripts: false";
  EXPECT_EQ(rehearsed(unchecked + " }", "/a.php/b"), "runs /srv/blog/a.php (path) at upstream php");
  EXPECT_EQ(rehearsed(unchecked + " }", "/blog/"), "runs /srv/blog/blog/index.php (index) at upstream php");
  EXPECT_EQ(rehearsed(unchecked + " }", "/blog"), "finds no script below /srv/blog 404");
  EXPECT_EQ(rehearsed(unchecked + ", front_controller: /index.php }", "/blog/"),
            "runs /srv/blog/index.php (front_controller) at upstream php");
  EXPECT_EQ(rehearsed("{ to: php, root: /nowhere/at/all }", "/a.php"), "finds no script below /nowhere/at/all 404");
}

TEST(Fastcgi, options_that_could_not_be_meant_are_refused) {
  EXPECT_TRUE(complaints_about("{ to: php, root: srv/blog }").contains("write /srv/blog"));
  EXPECT_TRUE(complaints_about("{ to: php, root: /srv/blog/ }").contains("write /srv/blog"));
  EXPECT_TRUE(complaints_about("{ to: php, root: /srv/../etc }").contains("write /srv/blog"));
  EXPECT_TRUE(complaints_about("{ to: php, root: /srv, split: php }").contains("write .php"));
  EXPECT_TRUE(complaints_about("{ to: php, root: /srv, index: a/b.php }").contains("write index.php"));
  EXPECT_TRUE(complaints_about("{ to: php, root: /srv, front_controller: index.php }").contains("write /index.php"));
  EXPECT_TRUE(complaints_about("{ to: php, front_controller: /index.php }").contains("write root: /srv/blog"));
  EXPECT_TRUE(complaints_about("{ to: php, params: { http-host: x } }").contains("capital letters"));
  EXPECT_TRUE(complaints_about("{ to: php, params: { CONTENT_LENGTH: 1 } }").contains("what the request says"));
  EXPECT_TRUE(complaints_about("{ root: /srv }").contains("to"));
}

}  // namespace
}  // namespace weir
