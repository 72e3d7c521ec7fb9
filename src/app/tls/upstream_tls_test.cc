// What is wrong with how TLS is spoken to servers is told when a configuration is compiled.
#include "app/tls/upstream_tls.h"

#include <gtest/gtest.h>

#include "app/commands/load.h"
#include "app/config/include.h"
#include "app/config/source.h"
#include "app/wall_clock.h"
#include "contracts/testing/temporary_folder.h"
#include "net/tls/testing/test_authority.h"

namespace weir {
namespace {

std::string configuration_with(const std::string& tls) {
  return "listeners: [\":8080\"]\nupstreams:\n  shop: { endpoints: [\"shop.test:443\"], tls: " + tls +
         " }\nroutes: [{ proxy: shop }]\n";
}

std::string complaints_about(const std::string& tls) {
  config::MemorySource source;
  source.files["weir.yaml"] = configuration_with(tls);
  const LoadedConfiguration loaded = load_configuration("weir.yaml", source);
  return loaded.diagnostics.text();
}

TEST(UpstreamTls, a_key_without_its_certificate_is_a_mistake) {
  EXPECT_EQ(complaints_about("on"), "");
  EXPECT_EQ(complaints_about("{ key: client.key }"),
            "weir.yaml:3:46: upstreams.shop.tls: there is a key, and no certificate that it belongs to; write "
            "certificate: FILE, too, or leave the key out\n");
}

/// The same configuration again and again, as reloads have it.
class Reloads {
 public:
  explicit Reloads(const std::string& tls) { source_.files["weir.yaml"] = configuration_with(tls); }

  bool good() {
    Diagnostics diagnostics;
    const config::Document document =
        config::load_document("weir.yaml", source_, plugin_names(), cache_, {}, diagnostics);
    return compiler_.compile(document, numbers_, wall_now(), diagnostics) != nullptr;
  }

 private:
  config::MemorySource source_;
  config::FileCache cache_;
  ListenerNumbers numbers_;
  Compiler compiler_;
};

TEST(UpstreamTls, a_reload_reads_each_of_its_files_again) {
  TemporaryFolder folder;
  const tls::TestCertificate client = tls::test_root().issue({.names = {"client.test"}});
  folder.write("authorities", tls::test_root().pem());
  folder.write("revocation", tls::test_root().revoke({}));
  folder.write("certificate", client.certificate + client.key);
  for (const std::string option : {"authorities", "revocation", "certificate"}) {
    Reloads reloads("{ " + option + ": " + folder.path(option) + " }");
    EXPECT_TRUE(reloads.good()) << option;
    folder.write(option, "something else");
    EXPECT_FALSE(reloads.good()) << option;
  }
}

}  // namespace
}  // namespace weir
