// Which destinations and addresses a list allows; that a stranger's name does not lead inside; and how long one is
// looked for.
#include "services/connect/connect.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_shard.h"

namespace weir {
namespace {

DestinationRule rule(std::string_view host, std::uint16_t first, std::uint16_t last = 0) {
  return {.host = *HostPattern::parse(host), .port_first = first, .port_last = last == 0 ? first : last, .place = {}};
}

std::string decided(const DestinationRules& rules, std::string_view host, std::uint16_t port) {
  return std::string(decide_destination(rules, host, port).reason);
}

std::string decided(const DestinationRules& rules, std::string_view host, std::string_view address,
                    std::uint16_t port = 443) {
  return std::string(decide_address(rules, host, port, *IpAddress::parse(address)).reason);
}

TEST(Destination, is_on_the_list_by_name_and_port) {
  const DestinationRules rules{
      .allow = {rule("*.example.com", 443), rule("git.test", 22, 23)}, .private_networks = {}, .place = {}};
  EXPECT_EQ(decided(rules, "a.example.com", 443), "allowed");
  EXPECT_EQ(decided(rules, "a.b.example.com", 443), "allowed");
  EXPECT_EQ(decided(rules, "example.com", 443), "not_in_allow_list") << "a wildcard stands for what is below it";
  EXPECT_EQ(decided(rules, "a.example.com", 22), "port_not_allowed");
  EXPECT_EQ(decided(rules, "git.test", 22), "allowed");
  EXPECT_EQ(decided(rules, "git.test", 23), "allowed");
  EXPECT_EQ(decided(rules, "git.test", 24), "port_not_allowed");
  EXPECT_EQ(decided(rules, "notexample.com", 443), "not_in_allow_list");
}

TEST(Destination, private_addresses_need_their_block_or_their_own_line) {
  const DestinationRules strict{.allow = {rule("*", 443)}, .private_networks = {}, .place = {}};
  EXPECT_EQ(decided(strict, "a.test", "1.1.1.1"), "public");
  EXPECT_EQ(decided(strict, "a.test", "10.1.2.3"), "private");
  EXPECT_EQ(decided(strict, "10.1.2.3", "10.1.2.3"), "private") << "* is no permission for addresses inside";
  const DestinationRules open{.allow = {rule("*", 443), rule("192.168.0.9", 443)},
                              .private_networks = {*Cidr::parse("10.1.0.0/16")},
                              .place = {}};
  EXPECT_EQ(decided(open, "a.test", "10.1.2.3"), "private_allowed");
  EXPECT_EQ(decided(open, "a.test", "10.2.2.3"), "private");
  EXPECT_EQ(decided(open, "192.168.0.9", "192.168.0.9"), "private_allowed");
  EXPECT_EQ(decided(open, "a.test", "192.168.0.9"), "private") << "a name that leads there is another wish";
}

TEST(Destination, a_private_address_has_the_ports_of_its_own_line_only) {
  const DestinationRules rules{
      .allow = {rule("10.0.0.5", 5432, 5433), rule("*", 443)}, .private_networks = {}, .place = {}};
  EXPECT_EQ(decided(rules, "10.0.0.5", "10.0.0.5", 5432), "private_allowed");
  EXPECT_EQ(decided(rules, "10.0.0.5", "10.0.0.5", 5433), "private_allowed");
  EXPECT_EQ(decided(rules, "10.0.0.5", 443), "allowed") << "by name and port, as everybody";
  EXPECT_EQ(decided(rules, "10.0.0.5", "10.0.0.5", 443), "private") << "but * is no permission for addresses inside";
}

TEST(Destination, addresses_that_are_not_for_everybody_are_known) {
  for (const std::string_view text :
       {"0.0.0.0",    "127.0.0.1",       "169.254.169.254", "172.31.255.255", "192.168.1.1",
        "100.64.0.1", "224.0.0.1",       "255.255.255.255", "198.18.0.1",     "::",
        "::1",        "::ffff:10.0.0.1", "fe80::1",         "fc00::1",        "fd12::1",
        "ff02::1",    "64:ff9b::a00:1",  "2002:a00:1::",    "2001:db8::1",    "2001::1",
        "100::1"}) {
    EXPECT_FALSE(is_globally_reachable(*IpAddress::parse(text))) << text;
  }
  for (const std::string_view text :
       {"1.1.1.1", "172.32.0.1", "100.128.0.1", "11.0.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1"}) {
    EXPECT_TRUE(is_globally_reachable(*IpAddress::parse(text))) << text;
  }
}

/// Never finds anything.
class SilentResolver final : public Resolver {
 public:
  Task<Result<ResolvedAddresses>> resolve(Reactor& reactor, const Endpoint&) override {
    CO_TRY_VOID(co_await Sleep(reactor, std::chrono::hours{1}));
    co_return fail(upstream_error(Code::resolve_failed));
  }
};

class NobodyAsks final : public ExchangeHost {
 public:
  Task<Result<void>> interim(const ResponseHead&) override { co_return Result<void>{}; }
  void limit_time(Time) override {}
};

TEST(Connect, a_look_up_that_never_ends_is_given_up_in_time) {
  SimNetwork network(1);
  SimIo io(network);
  InlineExecutor executor;
  SilentResolver resolver;
  Shard shard(0, io, 1, executor, resolver);
  SimWorld world(network);
  world.add(shard.reactor);
  const DestinationRules rules{.allow = {rule("a.test", 443)}, .private_networks = {}, .place = {}};
  const Connect connect(rules, std::chrono::seconds{10});

  NobodyAsks host;
  const ConnectionFacts connection;
  SnapshotPin pin(*new ShardSnapshot(std::make_shared<Snapshot>(), [](std::shared_ptr<const Snapshot>) {}));
  Exchange exchange(shard, connection, std::move(pin), host);
  exchange.request.method = Method::connect;
  exchange.request.host = "a.test";
  exchange.request.authority = "a.test:443";
  const Time began = shard.reactor.now();
  std::optional<Result<Answer>> answer;
  Scope scope(shard.reactor);
  scope.spawn([](const Connect& asked, Exchange& by, std::optional<Result<Answer>>& kept) -> Task<void> {
    kept.emplace(co_await asked.handle(by));
  }(connect, exchange, answer));
  ASSERT_TRUE(world.run_until([&] { return scope.running() == 0; }));
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().code, Code::connect_timeout);
  EXPECT_EQ(shard.reactor.now() - began, std::chrono::seconds{10});
  exchange.finish({});
}

}  // namespace
}  // namespace weir
