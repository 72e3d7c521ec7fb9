// A shard in simulated time with upstreams that are made up: what the tests of this folder stand on.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "runtime/sim_io.h"
#include "runtime/sim_world.h"
#include "upstream/cluster_state.h"
#include "upstream/introduction.h"

namespace weir::upstream_test {

using namespace std::chrono_literals;

inline UpstreamAddress address_of(std::string_view text) {
  return {*socket_address(*parse_endpoint(text))};
}

/// The content of a made-up answer: what comes of it at once, of how much, and after how long it breaks off.
struct Content {
  std::string bytes;
  ByteCount promised = 0;
  Duration breaks_after = Duration::zero();
};

class FakeBody final : public Body {
 public:
  FakeBody(Reactor& reactor, Content content) : reactor_(reactor), content_(std::move(content)) {}

  Task<Result<Piece>> read() override {
    const std::string_view bytes =
        std::string_view(content_.bytes).substr(std::exchange(given_, content_.bytes.size()));
    if (!bytes.empty() || content_.promised == given_)
      co_return Piece{.bytes = bytes, .end = content_.promised == given_};
    CO_TRY_VOID(co_await Sleep(reactor_, content_.breaks_after));
    co_return fail(upstream_error(Code::body_cut_short));
  }
  [[nodiscard]] std::optional<ByteCount> remaining() const override { return content_.promised - given_; }

 private:
  Reactor& reactor_;
  Content content_;
  std::size_t given_ = 0;
};

/// What the made-up upstream does next, and what it has seen.
struct Script {
  Duration connect_takes = Duration::zero();
  std::map<std::string, Duration> way_takes;     // of connects, by address, in place of connect_takes; the entry stays
  std::map<std::string, Error> connect_fails;    // by address, once that time is over; the entry stays
  std::deque<Result<Status>> answers;            // to send(); 200 when there is none
  std::map<std::string, Duration> answer_takes;  // by address, or address and path; the entry stays
  std::map<std::string, Status> statuses;        // by address, behind `answers`; the entry stays
  std::map<std::string, Content> contents;       // by address; the entry stays
  std::string retry_after;                       // of every answer; empty: none
  std::map<std::string, std::string> reports;    // by address, or address and path: of its load; the entry stays
  std::vector<std::string> time_left;            // what each send() was told in x-left-ms
  std::vector<std::string> sent_to;              // address of each send(), its path behind it
  std::vector<std::string> bodies;               // what each send() pulled
  std::vector<std::string> introductions;        // what each connect() said first
  unsigned connects = 0;
  unsigned alive = 0;
  unsigned given_up = 0;  // sends that were canceled
};

class FakeSession final : public ClientSession {
 public:
  FakeSession(Script& script, unsigned number, std::string address, Watcher* watcher)
      : number_(number), watcher_(watcher), script_(script), address_(std::move(address)) {
    ++script_.alive;
  }
  ~FakeSession() override { --script_.alive; }

  Reply send(Exchange& exchange, const RequestHead& head, Body* body, const UpstreamTimeouts&, Lease lease) override {
    ++carried_;
    const std::size_t number = script_.bodies.size();
    const std::string page = address_ + std::string(head.path);
    script_.sent_to.push_back(page);
    const Field* const left = head.fields.find("x-left-ms");
    script_.time_left.emplace_back(left == nullptr ? "" : left->value);
    script_.bodies.emplace_back();
    while (body != nullptr) {
      CO_TRY(const Piece piece, co_await body->read());
      script_.bodies[number] += piece.bytes;
      if (piece.end) break;
    }
    Answer answer(exchange.arena);
    if (!script_.answers.empty()) {
      const Result<Status> said = script_.answers.front();
      script_.answers.pop_front();
      if (!said) co_return fail(said.error());
      answer.head.status = *said;
    } else if (const auto status = script_.statuses.find(address_); status != script_.statuses.end()) {
      answer.head.status = status->second;
    }
    if (const Duration* takes = known(script_.answer_takes, page)) {
      if (const auto slept = co_await Sleep(exchange.shard.reactor, *takes); !slept) {
        ++script_.given_up;
        const bool too_long = slept.error().code == Code::attempt_timeout;
        co_return fail(too_long ? slept.error().with(Retry::idempotent) : slept.error());
      }
    }
    if (!script_.retry_after.empty()) {
      answer.head.fields.append(FieldName::retry_after, exchange.arena.copy(script_.retry_after));
    }
    if (const std::string* report = known(script_.reports, page)) {
      answer.head.fields.append("x-load", exchange.arena.copy(*report));
    }
    if (const auto content = script_.contents.find(address_); content != script_.contents.end()) {
      answer.body = BodyPointer(exchange.arena.make<FakeBody>(exchange.shard.reactor, content->second));
    }
    lease.mark_healthy();
    co_return answer;
  }
  bool usable() override { return usable_; }
  [[nodiscard]] std::uint64_t exchanges_carried() const override { return carried_; }

  [[nodiscard]] unsigned number() const { return number_; }
  void become_unusable() { usable_ = false; }
  void hear_something(bool gone) { watcher_->on_activity(gone); }

 private:
  /// What is said of the page, or else of its server; null: nothing.
  template <typename Value>
  [[nodiscard]] const Value* known(const std::map<std::string, Value>& all, const std::string& page) const {
    const auto of_page = all.find(page);
    const auto found = of_page != all.end() ? of_page : all.find(address_);
    return found == all.end() ? nullptr : &found->second;
  }

  unsigned number_;
  Watcher* watcher_;
  Script& script_;
  std::string address_;
  std::uint64_t carried_ = 0;
  bool usable_ = true;
};

class FakeProtocol final : public IntroducingProtocol {
 public:
  explicit FakeProtocol(Script& script) : script_(script) {}

  Task<Result<std::unique_ptr<ClientSession>>> introduce(Shard& shard, const UpstreamAddress& address,
                                                         const UpstreamTimeouts&, Watcher* watcher,
                                                         std::string_view introduction) const override {
    const unsigned number = ++script_.connects;
    script_.introductions.emplace_back(introduction);
    const std::string text = text_of(address.address);
    const auto way = script_.way_takes.find(text);
    const Duration takes = way == script_.way_takes.end() ? script_.connect_takes : way->second;
    if (takes > Duration::zero()) CO_TRY_VOID(co_await Sleep(shard.reactor, takes));
    if (const auto failing = script_.connect_fails.find(text); failing != script_.connect_fails.end()) {
      co_return fail(failing->second);
    }
    co_return std::make_unique<FakeSession>(script_, number, text, watcher);
  }

 private:
  Script& script_;
};

/// Answers as told, after a moment; unknown names fail.
class FakeResolver final : public Resolver {
 public:
  Task<Result<ResolvedAddresses>> resolve(Reactor& reactor, const Endpoint& endpoint) override {
    ++asked;
    if (takes > Duration::zero()) CO_TRY_VOID(co_await Sleep(reactor, takes));
    const auto found = known.find(endpoint.host);
    if (found == known.end()) co_return fail(upstream_error(Code::resolve_failed).with(Retry::unsent));
    ResolvedAddresses resolved{.addresses = {}, .holds = holds};
    for (const std::string& text : found->second) resolved.addresses.push_back({.address = address_of(text)});
    co_return resolved;
  }

  std::map<std::string, std::vector<std::string>> known;
  Duration takes = 1ms;
  Duration holds = no_limit;
  unsigned asked = 0;
};

class NoExecutor final : public Executor {
 public:
  void run(Job) override { ADD_FAILURE() << "nothing here blocks"; }
};

/// Picks the first endpoint that may be picked.
class FirstOne final : public Balancer {
 public:
  [[nodiscard]] std::optional<Pick> pick(const PickFacts& facts) const override {
    for (std::uint32_t at = 0; at < facts.endpoints.size(); ++at) {
      if (facts.may_pick(at)) return Pick{.endpoint = at, .reason = "first"};
    }
    return {};
  }
  [[nodiscard]] std::string_view name() const override { return "first"; }
};

/// One who asks a pool for a connection and holds it until told otherwise.
struct Client {
  explicit Client(Reactor& reactor) : scope(reactor) {}

  Scope scope;
  UpstreamTimeouts timeouts;
  std::string introduction;
  bool answered = false;
  Result<Lease> lease = fail(Code::internal, Origin::gateway);

  [[nodiscard]] unsigned number() const { return static_cast<FakeSession&>(lease->session()).number(); }
  [[nodiscard]] FakeSession& session() const { return static_cast<FakeSession&>(lease->session()); }
  void finish(bool healthy = true) {
    if (healthy) lease->mark_healthy();
    lease->drop();
  }
};

inline Task<void> ask(Pool& pool, Client& client, bool fresh_only) {
  Pool::Acquire acquire(pool, client.timeouts, fresh_only, client.introduction);
  client.lease = co_await acquire;
  client.answered = true;
}

template <typename ShardExecutor>
class UpstreamTestOn : public testing::Test {
 protected:
  UpstreamTestOn() { world.add(shard.reactor); }
  ~UpstreamTestOn() override {
    shard.for_each_state([](ShardState& state) { state.stop(); });
    shard.scope.cancel(gateway_error(Code::draining));
    world.run_until([&] { return shard.scope.running() == 0; });
  }

  std::unique_ptr<Client> client() { return std::make_unique<Client>(shard.reactor); }
  /// Asks and lets everything happen that needs no time.
  std::unique_ptr<Client> asking(Pool& pool, bool fresh_only = false, Duration queue = 1s,
                                 std::string introduction = {}) {
    auto asker = client();
    asker->timeouts.queue = queue;
    asker->introduction = std::move(introduction);
    asker->scope.spawn(ask(pool, *asker, fresh_only));
    world.settle();
    return asker;
  }

  SimNetwork network{1};
  SimIo io{network};
  ShardExecutor executor;
  FakeResolver resolver;
  Script script;
  FakeProtocol protocol{script};
  Shard shard{0, io, 1, executor, resolver};
  SimWorld world{network};
};
using UpstreamTest = UpstreamTestOn<NoExecutor>;

}  // namespace weir::upstream_test
