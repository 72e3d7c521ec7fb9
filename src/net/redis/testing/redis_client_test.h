// A client of one core, and those who ask it, on virtual time against servers that are made up.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/redis/client.h"
#include "net/redis/testing/fake_redis.h"

namespace weir::redis {

class LiteralAddresses final : public Resolver {
 public:
  Task<Result<ResolvedAddresses>> resolve(Reactor&, const Endpoint& endpoint) override {
    auto literal = literal_addresses(endpoint);
    if (!literal) co_return fail(upstream_error(Code::resolve_failed));
    co_return std::move(*literal);
  }
};

class CountedEvents final : public Events {
 public:
  void happened(Event event, std::string_view, std::string_view why) override {
    ++counts[event];
    if (!why.empty()) last_words = why;
  }
  void shook_hands(const tls::Facts& facts) override { ++(facts.resumed ? resumed : shaken); }
  void handshake_failed(tls::Failure why) override { failures.push_back(why); }

  std::map<Event, unsigned> counts;
  std::string last_words;
  unsigned shaken = 0;
  unsigned resumed = 0;
  std::vector<tls::Failure> failures;
};

/// One who asked, and what he got, when.
struct Asked {
  std::optional<Result<Reply>> reply;
  Time ended{};
  [[nodiscard]] std::string text() const { return reply && *reply ? std::string((*reply)->value().text()) : ""; }
  [[nodiscard]] std::optional<Code> error() const {
    return reply && !*reply ? std::optional((*reply).error().code) : std::nullopt;
  }
};

class RedisClient : public testing::Test {
 protected:
  RedisClient() { world.add(reactor); }
  ~RedisClient() override {
    if (client) client->stop();
    scope.cancel(gateway_error(Code::draining));
    world.run_until([&] { return scope.running() == 0; });
    client.reset();
  }

  void connect_to(std::vector<std::string> addresses, bool cluster = false) {
    for (const std::string& address : addresses) settings.addresses.push_back(*parse_endpoint(address));
    settings.cluster = cluster;
    client = std::make_unique<Client>(scope, resolver, bench, settings, events);
  }
  std::shared_ptr<Asked> begin(std::string_view key, Duration patience = std::chrono::seconds{1}) {
    auto asked = std::make_shared<Asked>();
    scope.spawn(ask(std::string(key), patience, asked));
    return asked;
  }
  std::shared_ptr<Asked> ask_now(std::string_view key, Duration patience = std::chrono::seconds{1}) {
    auto asked = begin(key, patience);
    EXPECT_TRUE(world.run_until([&] { return asked->reply.has_value(); }));
    return asked;
  }
  Task<void> ask(std::string key, Duration patience, std::shared_ptr<Asked> asked) {
    const Request request{.bytes = command({"GET", key})};
    asked->reply.emplace(co_await client->ask(request, slot_of(key), patience));
    asked->ended = reactor.now();
  }
  static std::string echo(const FakeRedis::Words& words) {
    return words[0] == "PING" ? "+PONG\r\n" : "+" + words.back() + "\r\n";
  }

  SimNetwork network{1};
  SimIo io{network};
  Reactor reactor{io, 1};
  SimWorld world{network};
  LiteralAddresses resolver;
  tls::Workbench bench;
  CountedEvents events;
  Settings settings;
  Scope scope{reactor};
  std::unique_ptr<Client> client;
};

}  // namespace weir::redis
