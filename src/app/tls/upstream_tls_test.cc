// What is wrong with how TLS is spoken to servers is told when a configuration is compiled.
#include "app/tls/upstream_tls.h"

#include <gtest/gtest.h>

#include "app/commands/load.h"
#include "app/config/source.h"

namespace weir {
namespace {

std::string complaints_about(const std::string& tls) {
  config::MemorySource source;
  source.files["weir.yaml"] =
      "listeners: [\":8080\"]\nupstreams:\n  shop: { endpoints: [\"shop.test:443\"], tls: " + tls +
      " }\nroutes: [{ proxy: shop }]\n";
  const LoadedConfiguration loaded = load_configuration("weir.yaml", source);
  return loaded.diagnostics.text();
}

TEST(UpstreamTls, a_key_without_its_certificate_is_a_mistake) {
  EXPECT_EQ(complaints_about("on"), "");
  EXPECT_EQ(complaints_about("{ key: client.key }"),
            "weir.yaml:3:46: upstreams.shop.tls: there is a key, and no certificate that it belongs to; write "
            "certificate: FILE, too, or leave the key out\n");
}

}  // namespace
}  // namespace weir
