// Shows that members find one another over sockets, hold a limit, and let nobody in who has not the key: real runners
// on a simulated network, in virtual time.
#include "filters/limit/fleet/runner.h"

#include <gtest/gtest.h>

#include "contracts/testing/test_shard.h"

namespace weir::limit::fleet {
namespace {

const std::string secret = "0123456789abcdef0123456789abcdef";
const std::string new_secret = "fedcba9876543210fedcba9876543210";

class Fleet3 : public testing::Test {
 protected:
  struct Node {
    Node(SimNetwork& network, unsigned number, const std::vector<std::string>& keys)
        : io(network), shard(0, io, number + 1, executor, resolver) {
      FleetSettings settings{.name = "edge", .self = "node-" + std::to_string(number), .members = {}, .keys = keys};
      for (unsigned member = 0; member < 3; ++member) {
        settings.members.push_back(
            {.name = "node-" + std::to_string(member),
             .address = parse_endpoint("10.0.0." + std::to_string(member + 1) + ":7946").value()});
      }
      runner =
          &shard.state<Runner>(StateKey("fleet"), [&] { return std::make_unique<Runner>(shard, settings, states); });
      runner->start();
    }

    SimIo io;
    InlineExecutor executor;
    LiteralResolver resolver;
    SharedStates states;
    Shard shard;
    Runner* runner = nullptr;
  };

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

}  // namespace
}  // namespace weir::limit::fleet
