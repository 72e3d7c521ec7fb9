// Endpoints that a watched file names: taken over while requests run, on a real disk with a simulated core's clock.
#include "upstream/endpoint_files.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "contracts/testing/temporary_folder.h"
#include "contracts/testing/test_shard.h"
#include "upstream/upstream_test_support.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using upstream_test::FirstOne;

/// One address a line.
std::shared_ptr<const EndpointList> parse_addresses(std::string_view bytes, FileReport& report) {
  auto list = std::make_shared<EndpointList>();
  for (const std::string_view line : text::split(bytes, '\n')) {
    if (line.empty()) continue;
    if (const auto endpoint = parse_endpoint(line)) {
      list->endpoints.push_back({.endpoint = *endpoint});
    } else {
      report.error(1, "this is no address");
    }
  }
  return list;
}
constexpr FileKind<EndpointList> address_file{
    .name = "endpoints", .bytes_max = 4096, .secret = false, .parse = &parse_addresses};

class EndpointFilesTest : public upstream_test::UpstreamTestOn<InlineExecutor> {
 protected:
  void write(std::string_view text) { folder.write("shop", text); }
  std::unique_ptr<Cluster> cluster(const std::vector<std::string>& written = {}, SubsetRule subset = {}) {
    ClusterSettings settings;
    settings.name = "shop";
    for (const std::string& text : written) settings.endpoints.push_back({.endpoint = *parse_endpoint(text)});
    Diagnostics diagnostics;
    files.begin();
    settings.endpoint_files.push_back(files.watch(address_file, folder.path("shop"), {}, "endpoints", diagnostics));
    EXPECT_NE(settings.endpoint_files.front(), nullptr) << diagnostics.text();
    settings.subset = subset;
    settings.balancer = std::make_unique<FirstOne>();
    settings.protocol = &protocol;
    return std::make_unique<Cluster>(std::move(settings));
  }
  static std::string all(ClusterState& state) {
    std::string text;
    for (std::uint32_t at = 0; at < state.endpoints().size(); ++at) {
      text += std::string(state.pool_of(at).text()) + " ";
    }
    return text;
  }
  /// Until every core has looked and taken over what was found.
  void pass() { world.run_for(3 * limits::watched_file_interval); }

  TemporaryFolder folder;
  std::vector<std::string> told;
  WatchedFiles files{[this](bool, const std::string& sentence) { told.push_back(sentence); }};
};

TEST_F(EndpointFilesTest, stand_behind_those_of_the_configuration) {
  write("10.0.0.1:80\n10.0.0.2:80\n");
  const auto shop = cluster({"10.0.0.9:80"});
  EXPECT_EQ(all(shop->state(shard)), "10.0.0.9:80 10.0.0.1:80 10.0.0.2:80 ");
  EXPECT_EQ(shop->endpoints().size(), 3U);
}

TEST_F(EndpointFilesTest, change_without_a_reload_and_without_a_request) {
  write("10.0.0.1:80\n10.0.0.2:80\n");
  const auto shop = cluster();
  ClusterState& state = shop->state(shard);
  EXPECT_EQ(all(state), "10.0.0.1:80 10.0.0.2:80 ");
  write("10.0.0.2:80\n10.0.0.3:80\n");
  pass();
  EXPECT_EQ(all(state), "10.0.0.2:80 10.0.0.3:80 ");
  EXPECT_EQ(shop->endpoints().size(), 2U);
}

TEST_F(EndpointFilesTest, one_that_is_gone_is_drained_and_who_stays_keeps_its_connections) {
  write("10.0.0.1:80\n10.0.0.2:80\n");
  const auto shop = cluster();
  ClusterState& state = shop->state(shard);
  Pool& going = state.pool_of(0);
  Pool& staying = state.pool_of(1);
  const auto busy = asking(going);
  const auto idle = asking(staying);
  idle->finish();
  write("10.0.0.2:80\n");
  pass();
  EXPECT_EQ(all(state), "10.0.0.2:80 ");
  EXPECT_EQ(&state.pool_of(0), &staying);
  EXPECT_EQ(staying.idle(), 1U);
  EXPECT_TRUE(going.closed());
  EXPECT_EQ(going.open(), 1U) << "its request goes on";
  busy->finish();
  write("10.0.0.2:80\n\n");  // nothing new, but settled once more
  pass();
  EXPECT_EQ(state.pool_count(), 1U);
}

TEST_F(EndpointFilesTest, a_file_with_mistakes_changes_nothing_and_is_told_about) {
  write("10.0.0.1:80\n");
  const auto shop = cluster();
  ClusterState& state = shop->state(shard);
  write("10.0.0.2:80\n:::\n");
  pass();
  EXPECT_EQ(all(state), "10.0.0.1:80 ");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told.front().find(":1:1: this is no address"), std::string::npos) << told.front();
  EXPECT_NE(told.front().find("stays in force"), std::string::npos) << told.front();
  write("10.0.0.3:80\n");
  pass();
  EXPECT_EQ(all(state), "10.0.0.3:80 ");
}

TEST_F(EndpointFilesTest, a_file_that_is_gone_changes_nothing) {
  write("10.0.0.1:80\n");
  const auto shop = cluster();
  ClusterState& state = shop->state(shard);
  std::filesystem::remove(folder.path("shop"));
  pass();
  EXPECT_EQ(all(state), "10.0.0.1:80 ");
  EXPECT_EQ(told.size(), 1U);
}

TEST_F(EndpointFilesTest, names_in_it_are_resolved) {
  resolver.known["shop.test"] = {"10.0.0.7:80"};
  write("10.0.0.1:80\n");
  const auto shop = cluster();
  ClusterState& state = shop->state(shard);
  write("shop.test:80\n");
  pass();
  EXPECT_EQ(all(state), "10.0.0.7:80 ");
}

TEST_F(EndpointFilesTest, an_upstream_that_is_retired_looks_no_more) {
  write("10.0.0.1:80\n");
  const auto shop = cluster();
  ClusterState& state = shop->state(shard);
  shop->retire(shard);
  write("10.0.0.2:80\n");
  pass();
  EXPECT_EQ(all(state), "10.0.0.1:80 ");
}

TEST_F(EndpointFilesTest, of_a_subset_each_gateway_takes_its_own) {
  std::string lines;
  for (int at = 1; at <= 20; ++at) lines += "10.0.0." + std::to_string(at) + ":80\n";
  write(lines);
  const auto first = cluster({}, {.size = 5, .gateway = 0});
  const std::string mine = all(first->state(shard));
  EXPECT_EQ(std::ranges::count(mine, ' '), 5);
  const auto second = cluster({}, {.size = 5, .gateway = 1});
  const std::string others = all(second->state(shard));
  EXPECT_EQ(std::ranges::count(others, ' '), 5);
  for (const std::string_view each : text::split(others, ' ')) {
    if (!each.empty()) EXPECT_EQ(mine.find(std::string(each) + " "), std::string::npos) << each;
  }
}

}  // namespace
}  // namespace weir
