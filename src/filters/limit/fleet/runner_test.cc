// Shows that members find one another over sockets, hold a limit, and let nobody in who has not the key: real runners
// on a simulated network, in virtual time.
#include "filters/limit/fleet/runner.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "contracts/testing/test_shard.h"
#include "filters/limit/rule.h"
#include "net/connect.h"

namespace weir::limit::fleet {
namespace {

/// Keys that lie apart in a table, as keyed hashes do.
constexpr Fingerprint apart = 0x0123456789ABCDEFU;
const std::string secret = "0123456789abcdef0123456789abcdef";
const std::string new_secret = "fedcba9876543210fedcba9876543210";

class Log final : public Notices {
 public:
  void warning(std::string_view text) override { lines.emplace_back(text); }
  [[nodiscard]] std::ptrdiff_t count(std::string_view part) const {
    return std::ranges::count_if(lines, [&](const std::string& line) { return line.contains(part); });
  }
  std::vector<std::string> lines;
};

class Fleet3 : public testing::Test {
 protected:
  struct Node {
    Node(SimNetwork& network, unsigned number, const std::vector<std::string>& keys)
        : io(network), shard(0, io, number + 1, executor, resolver) {
      settings = {.name = "edge", .self = "node-" + std::to_string(number), .members = {}, .keys = keys};
      for (unsigned member = 0; member < 3; ++member) {
        settings.members.push_back(
            {.name = "node-" + std::to_string(member),
             .address = parse_endpoint("10.0.0." + std::to_string(member + 1) + ":7946").value()});
      }
      shard.notices = &log;
      runner =
          &shard.state<Runner>(StateKey("fleet"), [&] { return std::make_unique<Runner>(shard, settings, states); });
      runner->start();
      RuleOptions five;
      five.name = "five";
      five.rate = Rate{.count = 5};
      five.scope = Scope::fleet;
      const auto desk = states.find_or_make<Desk>(desk_key, &std::make_shared<Desk>);
      rule = states.find_or_make<RuleState>("limit five", [&] {
        return std::make_shared<RuleState>(five, 1, "limit five", TableCount::Drawn{}, &settings, desk);
      });
    }

    FleetSettings settings;
    SimIo io;
    InlineExecutor executor;
    LiteralResolver resolver;
    SharedStates states;
    Log log;
    Shard shard;
    Runner* runner = nullptr;
    std::shared_ptr<RuleState> rule;  // five a second, by owners
  };

  /// One request of a key at a node, as ask_owners() does it. \returns  who decided, and whether it may pass
  std::pair<OwnedSource, bool> ask(Node& node, Fingerprint key) {
    std::optional<AskOwner::Outcome> outcome;
    node.shard.scope.spawn(ask(node, key, outcome));
    EXPECT_TRUE(world.run_until([&] { return outcome.has_value(); }));
    return {outcome->source, outcome->answer.said == Said::admitted};
  }
  static Task<void> ask(Node& node, Fingerprint key, std::optional<AskOwner::Outcome>& outcome) {
    OwnedPart& part = *node.rule->owned_part();
    const auto said = co_await AskOwner(node.shard.reactor, part.desk(), part.question(key, 1), part.patience());
    outcome = said ? *said : AskOwner::Outcome{};
  }
  [[nodiscard]] MemberNumber owner_of(Fingerprint key, std::size_t place = 0) const {
    return Election(std::vector<std::string>{"node-0", "node-1", "node-2"}).heaviest(key, 3)[place];
  }

  void add(const std::vector<std::string>& keys) {
    nodes.push_back(std::make_unique<Node>(network, static_cast<unsigned>(nodes.size()), keys));
    world.add(nodes.back()->shard.reactor);
  }
  void end(Node& node) {
    node.runner->stop();
    node.shard.scope.cancel(gateway_error(Code::draining));
    world.run_until([&] { return node.shard.scope.running() == 0; });
  }
  void TearDown() override {
    for (const auto& node : nodes) end(*node);
  }
  [[nodiscard]] bool all_whole() const {
    return std::ranges::all_of(nodes,
                               [](const auto& node) { return node->runner->status().slots_whole.get() == slots; });
  }

  SimNetwork network{4711};
  SimWorld world{network};
  std::vector<std::unique_ptr<Node>> nodes;
};

TEST_F(Fleet3, members_find_one_another) {
  for (int node = 0; node < 3; ++node) add({secret});
  EXPECT_TRUE(world.run_until([&] { return all_whole(); }, std::chrono::seconds{5}));
  for (const auto& node : nodes) EXPECT_EQ(node->runner->status().refused.get(), 0U);
}

TEST_F(Fleet3, whoever_has_another_key_is_refused_and_the_others_go_on) {
  add({secret});
  add({secret});
  add({new_secret});
  world.run_for(std::chrono::seconds{5});
  EXPECT_EQ(nodes[2]->runner->status().slots_share.get(), slots) << "alone";
  EXPECT_EQ(nodes[2]->runner->status().members_heard.get(), 1U);
  // An aggregator that nobody can be sure of does not count: the two that understand each other are a majority.
  EXPECT_EQ(nodes[0]->runner->status().slots_whole.get(), slots);
  EXPECT_EQ(nodes[1]->runner->status().slots_whole.get(), slots);
  EXPECT_EQ(nodes[0]->log.count("proved no key of the fleet"), 1) << "in ten seconds, however often it tries";
  EXPECT_EQ(nodes[2]->log.count("proved no key of the fleet"), 1);
}

// Who connects and says nothing holds a place for seconds: all places taken so are no reason to refuse a member.
TEST_F(Fleet3, strangers_who_say_nothing_keep_no_member_out) {
  add({secret});
  add({secret});
  ASSERT_TRUE(world.run_until([&] { return all_whole(); }, std::chrono::seconds{5}));
  SimIo io(network);
  InlineExecutor executor;
  LiteralResolver resolver;
  Shard stranger(0, io, 99, executor, resolver);
  world.add(stranger.reactor);
  std::vector<std::unique_ptr<Stream>> held;
  const SocketAddress first = socket_address(nodes[0]->settings.members[0].address).value();
  const SocketAddress second = socket_address(nodes[0]->settings.members[1].address).value();
  for (const SocketAddress& address : {first, second}) {
    for (std::size_t number = 0; number < limits::fleet_connections + 100; ++number) {
      stranger.scope.spawn([](Reactor& reactor, SocketAddress to, auto& kept) -> Task<void> {
        auto stream = co_await connect(reactor, UpstreamAddress{to}, std::chrono::seconds{1});
        if (stream) kept.push_back(std::move(*stream));
      }(stranger.reactor, address, held));
    }
  }
  world.run_for(std::chrono::milliseconds{100});
  EXPECT_GE(held.size(), 2 * limits::fleet_connections);
  add({secret});
  EXPECT_TRUE(world.run_until([&] { return all_whole(); }, std::chrono::milliseconds{500}));
  for (const auto& node : nodes) EXPECT_EQ(node->log.count("proved no key of the fleet"), 0) << "nobody said anything";
  held.clear();
  stranger.scope.cancel(gateway_error(Code::draining));
  world.run_until([&] { return stranger.scope.running() == 0; });
  world.remove(stranger.reactor);
}

// Each step of a rotation is a time in which members of both kinds are there: nobody is left out.
TEST_F(Fleet3, that_is_in_the_middle_of_a_rotation_is_whole) {
  add({secret});
  add({secret, new_secret});
  add({secret, new_secret});
  EXPECT_TRUE(world.run_until([&] { return all_whole(); }, std::chrono::seconds{5})) << "a new one is added";
}

TEST_F(Fleet3, that_turns_to_the_new_key_is_whole) {
  add({secret, new_secret});
  add({new_secret, secret});
  add({new_secret, secret});
  EXPECT_TRUE(world.run_until([&] { return all_whole(); }, std::chrono::seconds{5})) << "the new one comes first";
}

TEST_F(Fleet3, that_drops_the_old_key_is_whole) {
  add({new_secret, secret});
  add({new_secret});
  add({new_secret});
  EXPECT_TRUE(world.run_until([&] { return all_whole(); }, std::chrono::seconds{5})) << "the old one goes";
}

// ---- owners of small limits ----

TEST_F(Fleet3, asks_the_owner_of_a_key_and_nobody_passes_twice) {
  for (int node = 0; node < 3; ++node) add({secret});
  ASSERT_TRUE(world.run_until([&] { return all_whole(); }, std::chrono::seconds{5}));
  world.run_for(std::chrono::seconds{1});
  for (Fingerprint key = apart; key < 31 * apart; key += apart) {
    int admitted = 0;
    for (const auto& node : nodes) {
      const auto [source, passes] = ask(*node, key);
      EXPECT_EQ(source, OwnedSource::asked) << key;
      admitted += passes ? 1 : 0;
    }
    EXPECT_EQ(admitted, 1) << "a burst of one, whoever asks";
  }
}

TEST_F(Fleet3, finds_an_owner_again_behind_a_wire_that_was_idle) {
  for (int node = 0; node < 3; ++node) add({secret});
  ASSERT_TRUE(world.run_until([&] { return all_whole(); }, std::chrono::seconds{5}));
  world.run_for(std::chrono::seconds{30});
  for (unsigned at = 1; at < 31; ++at) EXPECT_EQ(ask(*nodes[at % 3], at * apart).first, OwnedSource::asked) << at;
}

TEST_F(Fleet3, asks_the_next_when_an_owner_has_gone) {
  for (int node = 0; node < 3; ++node) add({secret});
  ASSERT_TRUE(world.run_until([&] { return all_whole(); }, std::chrono::seconds{5}));
  Fingerprint key = 1;
  while (owner_of(key) != 2 || owner_of(key, 1) != 1) ++key;
  EXPECT_EQ(ask(*nodes[0], key).first, OwnedSource::asked);
  end(*nodes[2]);
  world.run_for(std::chrono::seconds{2});
  (void)ask(*nodes[0], key);  // finds out, and has the next find out
  world.run_for(std::chrono::milliseconds{100});
  EXPECT_EQ(ask(*nodes[0], key).first, OwnedSource::asked);
  EXPECT_GE(nodes[1]->rule->owned_part()->totals().for_others, 1U);
  EXPECT_EQ(nodes[0]->runner->asker().suspected(), 1U);
}

TEST_F(Fleet3, has_no_owners_where_there_is_no_majority) {
  for (int node = 0; node < 2; ++node) add({secret});
  ASSERT_TRUE(world.run_until([&] { return all_whole(); }, std::chrono::seconds{5}));
  end(*nodes[1]);
  world.run_for(std::chrono::seconds{5});
  for (Fingerprint key = apart; key < 11 * apart; key += apart) {
    (void)ask(*nodes[0], key);
    EXPECT_EQ(ask(*nodes[0], key).first, OwnedSource::lost) << key;
  }
}

}  // namespace
}  // namespace weir::limit::fleet
