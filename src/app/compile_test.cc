// What is said of a service's upstream that is not there, is none, or speaks something else.
#include "app/compile.h"

#include <gtest/gtest.h>

#include "app/commands/load.h"

namespace weir {
namespace {

/// What is said of a file with the upstreams `shop` and `blog`, which speaks FastCGI, and one route.
std::string complaints_about(std::string_view route) {
  config::MemorySource source;
  source.files["weir.yaml"] =
      "listeners: [\":8080\"]\nupstreams:\n  shop:\n    endpoints: [10.0.0.1:80]\n"
      "  blog: { protocol: fastcgi, endpoints: [10.0.0.1:9000] }\nroutes:\n  - " +
      std::string(route) + "\n  - { match: { path: /a }, proxy: shop }\n" +
      "  - { match: { path: /b }, fastcgi: { to: blog, root: /srv } }\n";
  return load_configuration("weir.yaml", source).diagnostics.text();
}

TEST(CompiledUpstream, is_one_that_is_written) {
  EXPECT_EQ(complaints_about("proxy: shop"), "");
  EXPECT_EQ(complaints_about("proxy: http://10.0.0.1:80"), "");
  EXPECT_EQ(complaints_about("proxy: shpo"),
            "weir.yaml:7:12: routes[0].proxy: there is no upstream \"shpo\"; did you mean \"shop\"?\n");
  EXPECT_EQ(complaints_about("proxy: 10.0.0.1:80"),
            "weir.yaml:7:12: routes[0].proxy: there is no upstream \"10.0.0.1:80\"; an address is written as a URL: "
            "http://10.0.0.1:80\n");
}

TEST(CompiledUpstream, is_one_for_each_target) {
  EXPECT_EQ(complaints_about("proxy: [http://10.0.0.1, { to: shop, weight: 2 }]"), "");
  EXPECT_EQ(
      complaints_about("proxy: { to: [http://10.0.0.1, http://10.0.0.2] }"),
      "weir.yaml:7:18: routes[0].proxy: expected the name of an upstream or a URL, found a list; several share the "
      "requests as a list of their own: proxy: [{ to: a, weight: 1 }, { to: b, weight: 1 }]\n");
}

TEST(CompiledUpstream, speaks_what_the_service_speaks) {
  EXPECT_EQ(complaints_about("proxy: blog"),
            "weir.yaml:7:12: routes[0].proxy: upstream \"blog\" speaks fastcgi; use the fastcgi service\n");
  EXPECT_EQ(complaints_about("proxy: fastcgi://10.0.0.1:9000"),
            "weir.yaml:7:12: routes[0].proxy: \"fastcgi://10.0.0.1:9000\" is another protocol's URL; use the fastcgi "
            "service\n");
}

}  // namespace
}  // namespace weir
