// What resolv.conf and hosts files come to.
#include "net/dns/settings.h"

#include <gtest/gtest.h>

namespace weir::dns {
namespace {

Settings settings_of(std::string_view text) {
  Settings settings;
  read_resolver_file(text, settings);
  return settings;
}
std::vector<std::string> servers_of(const Settings& settings) {
  std::vector<std::string> texts;
  for (const SocketAddress& each : settings.servers) texts.push_back(text_of(each));
  return texts;
}
using Names = std::vector<std::string>;

TEST(DnsSettings, servers_search_list_and_options_are_read) {
  const Settings settings = settings_of(
      "# written by a lease\nnameserver 10.0.0.2\nnameserver 2001:db8::1 ; second\n"
      "search a.test  B.test.\noptions ndots:2 timeout:3 attempts:4 rotate edns0\nsortlist 1.2.3.4\n");
  EXPECT_EQ(servers_of(settings), (Names{"10.0.0.2:53", "[2001:db8::1]:53"}));
  EXPECT_EQ(settings.search, (Names{"a.test", "b.test"}));
  EXPECT_EQ(settings.dots_min, 2U);
  EXPECT_EQ(settings.timeout, std::chrono::seconds{3});
  EXPECT_EQ(settings.attempts, 4U);
}

TEST(DnsSettings, empty_file_means_the_server_on_this_machine) {
  EXPECT_EQ(servers_of(settings_of("")), (Names{"127.0.0.1:53"}));
  EXPECT_EQ(servers_of(settings_of("nameserver\nnameserver fe80::1%eth0\nnameserver x\n")), (Names{"127.0.0.1:53"}));
}

TEST(DnsSettings, unreasonable_numbers_are_brought_into_their_bounds) {
  const Settings settings = settings_of("options ndots:99 timeout:9999 attempts:100\noptions timeout:0 attempts:x\n");
  EXPECT_EQ(settings.dots_min, 15U);
  EXPECT_EQ(settings.timeout, std::chrono::seconds{30});
  EXPECT_EQ(settings.attempts, 5U);
}

TEST(DnsSettings, last_search_list_counts) {
  EXPECT_EQ(settings_of("search a.test\ndomain b.test\n").search, (Names{"b.test"}));
}

TEST(DnsSettings, short_names_are_looked_for_in_the_search_list) {
  const Settings settings = settings_of("search a.test b.test\noptions ndots:2\n");
  EXPECT_EQ(candidates_for("shop", settings), (Names{"shop.a.test", "shop.b.test", "shop"}));
  EXPECT_EQ(candidates_for("shop.x", settings), (Names{"shop.x.a.test", "shop.x.b.test", "shop.x"}));
  EXPECT_EQ(candidates_for("www.shop.x", settings), (Names{"www.shop.x", "www.shop.x.a.test", "www.shop.x.b.test"}));
  EXPECT_EQ(candidates_for("shop.", settings), (Names{"shop"})) << "a dot at the end: exactly this";
  EXPECT_TRUE(candidates_for("no name", settings).empty());
}

TEST(DnsSettings, hosts_file_knows_names_without_asking) {
  Settings settings;
  read_hosts_file("10.0.0.5 Shop.test shop # both\n::5\tshop\n10.0.0.5 shop\nrubbish here\n10.0.0.6\n", settings);
  const auto texts = [&](std::string_view name) {
    Names found;
    if (const auto* addresses = local_addresses(name, settings)) {
      for (const IpAddress& each : *addresses) found.push_back(each.text());
    }
    return found;
  };
  EXPECT_EQ(texts("shop"), (Names{"10.0.0.5", "::5"}));
  EXPECT_EQ(texts("SHOP.test."), (Names{"10.0.0.5"}));
  EXPECT_EQ(texts("other.test"), Names{});
  EXPECT_EQ(texts("localhost"), (Names{"127.0.0.1", "::1"})) << "RFC 6761";
  EXPECT_EQ(texts("db.localhost"), (Names{"127.0.0.1", "::1"}));
}

}  // namespace
}  // namespace weir::dns
