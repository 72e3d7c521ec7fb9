// A reload does not take the fleet over, and says so.
#include <gtest/gtest.h>

#include "app/compile.h"
#include "app/config/include.h"
#include "app/config/source.h"

namespace weir {
namespace {

/// What is said of one configuration after the other, as a process reads them.
class FleetOfStart : public testing::Test {
 protected:
  std::string told_of(const std::string& fleet) {
    config::MemorySource source;
    config::FileCache cache;
    source.files["weir.yaml"] = "listeners: [{ address: 127.0.0.1:0 }]\n" + fleet + "routes: [{ respond: in }]\n";
    Diagnostics told;
    const config::Document document =
        config::load_document("weir.yaml", source, plugin_names(), cache, config::HashKey{}, told);
    EXPECT_TRUE(compiler.compile(document, listeners, WallTime{}, told)) << told.text();
    return told.text();
  }
  static std::string fleet_with(const std::string& key) {
    return "fleet:\n  name: edge\n  self: a\n  keys: [" + key +
           "]\n  members: [{ name: a, address: 10.0.0.1:7946 }, { name: b, address: 10.0.0.2:7946 }]\n";
  }

  Compiler compiler;
  ListenerNumbers listeners;
};

const std::string not_yet =
    "warning: fleet: the fleet is joined at start: what has changed here does not hold yet; restart this machine to "
    "take it over\n";

TEST_F(FleetOfStart, is_not_the_one_of_a_reload_and_that_is_said) {
  const std::string first = fleet_with("0123456789abcdef0123456789abcdef");
  EXPECT_EQ(told_of(first), "");
  EXPECT_EQ(told_of(first), "");
  EXPECT_EQ(told_of(fleet_with("fedcba9876543210fedcba9876543210")), not_yet) << "a key that was taken out";
  EXPECT_EQ(told_of(""), not_yet);
  EXPECT_EQ(told_of(first), "") << "as it runs";
}

TEST_F(FleetOfStart, that_was_none_stays_none) {
  EXPECT_EQ(told_of(""), "");
  EXPECT_EQ(told_of(fleet_with("0123456789abcdef0123456789abcdef")), not_yet);
}

}  // namespace
}  // namespace weir
