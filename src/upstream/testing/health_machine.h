// A machine of four cores in virtual time, whose upstream has three servers that do what a test says.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "contracts/testing/test_shard.h"
#include "upstream/cluster_state.h"
#include "upstream/testing/scripted_server.h"
#include "upstream/upstream_test_support.h"

namespace weir::upstream_test {

/// Asks for any answer at all.
class AnyAnswer final : public HealthCheck {
 public:
  Task<ProbeResult> probe(Stream& stream, const ProbeTarget& target) const override {
    Reactor& reactor = stream.reactor();
    if (const auto sent = co_await stream.send("?", 1s); !sent) co_return ProbeResult{.reason = "not_taken"};
    const auto answer = co_await stream.receive(target.deadline - reactor.now());
    if (!answer) co_return ProbeResult{.reason = name_of(answer.error().code)};
    co_return ProbeResult{.passed = !answer->empty(), .reason = answer->empty() ? "closed" : "answered"};
  }
  [[nodiscard]] std::string description() const override { return "any answer"; }
};

class NoteTaker final : public Notices {
 public:
  void warning(std::string_view text) override { lines.emplace_back(text); }
  [[nodiscard]] bool told(std::string_view part) const {
    return std::ranges::any_of(lines, [&](const std::string& line) { return line.contains(part); });
  }
  std::vector<std::string> lines;
};

struct Core {
  Core(SimNetwork& network, unsigned number) : io(network), shard(number, io, number + 1, executor, resolver) {}
  SimIo io;
  InlineExecutor executor;
  LiteralResolver resolver;
  Shard shard;
};

class HealthTest : public testing::Test {
 protected:
  static constexpr unsigned core_count = 4;

  HealthTest() {
    for (unsigned number = 0; number < core_count; ++number) {
      cores_.push_back(std::make_unique<Core>(network_, number));
      cores_.back()->shard.notices = &notes_;
      world_.add(cores_.back()->shard.reactor);
    }
    world_.add(server_reactor_);
    for (const std::string& address : addresses()) {
      servers_.push_back(std::make_unique<ScriptedServer>(server_reactor_, address_of(address)));
      servers_.back()->answer = "!";
    }
    rules_.checks.check = std::make_shared<AnyAnswer>();
  }
  ~HealthTest() override {
    for (const auto& core : cores_) {
      core->shard.for_each_state([](ShardState& state) { state.stop(); });
      core->shard.scope.cancel(gateway_error(Code::draining));
    }
    for (const auto& server : servers_) server->stop();
    world_.run_until([&] {
      return std::ranges::all_of(cores_, [](const auto& core) { return core->shard.scope.running() == 0; }) &&
             std::ranges::all_of(servers_, [](const auto& server) { return server->stopped(); });
    });
  }

  static std::vector<std::string> addresses() { return {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"}; }

  /// A configuration with the rules as they are; all cores take it over.
  void configure(const std::vector<std::string>& endpoints = addresses()) {
    ClusterSettings settings;
    settings.name = "shop";
    for (const std::string& text : endpoints) settings.endpoints.push_back({.endpoint = *parse_endpoint(text)});
    settings.health = rules_;
    settings.balancer = std::make_unique<FirstOne>();
    settings.protocol = &protocol_;
    clusters_.push_back(std::make_unique<Cluster>(std::move(settings), &states_, core_count));
    for (const auto& core : cores_) cluster().state(core->shard);
  }
  Cluster& cluster() { return *clusters_.back(); }
  ClusterState& state(unsigned core) { return cluster().state(cores_[core]->shard); }

  /// Who may be picked on that core: x or -, an endpoint each.
  std::string usable(unsigned core = 0) {
    state(core).look_at_health();
    std::string text;
    const std::size_t count = state(core).health().group().endpoints;
    for (std::size_t at = 0; at < count; ++at) text += state(core).health().may_be_picked(at) ? 'x' : '-';
    return text;
  }
  std::shared_ptr<EndpointHealth> endpoint(std::size_t at) { return cluster().health()->find(addresses()[at]); }

  void say(std::size_t at, AdminState word) {
    endpoint(at)->admin.set(word);
    cluster().health()->changed();
  }

  /// One attempt that ends so, at the endpoint picked first among those but `avoid`.
  void attempt(unsigned core, std::size_t at, bool good) {
    Shard& shard = cores_[core]->shard;
    FollowedEndpoint& followed = const_cast<HealthView&>(state(core).health()).followed(at);
    followed.count(!good, 1ms);
    if (good)
      followed.succeeded(AnswerPart::head, shard.reactor.now());
    else
      followed.failed(AnswerPart::head, shard.reactor.now());
    world_.settle();
  }

  SimNetwork network_{11};
  SimWorld world_{network_};
  std::vector<std::unique_ptr<Core>> cores_;
  SimIo server_io_{network_};
  Reactor server_reactor_{server_io_, 99};
  std::vector<std::unique_ptr<ScriptedServer>> servers_;
  NoteTaker notes_;
  SharedStates states_;
  HealthRules rules_;
  Script script_;
  FakeProtocol protocol_{script_};
  std::vector<std::unique_ptr<Cluster>> clusters_;
};

}  // namespace weir::upstream_test
