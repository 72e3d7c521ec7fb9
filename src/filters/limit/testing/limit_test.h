// The filter as requests meet it, with counters that outlive it and a service behind it that counts.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "contracts/fleet.h"
#include "contracts/shared_states.h"
#include "contracts/testing/conformance.h"
#include "filters/limit/limit.h"
#include "server/error_reply.h"

namespace weir::limit {

/// A context that keeps counters, as a process does.
class KeepingContext final : public BuildContext {
 public:
  KeepingContext(Diagnostics& told, SharedStates& states, unsigned cores_in, const FleetSettings* fleet_in = nullptr)
      : BuildContext(told, "routes[0].limit") {
    shared_states = &states;
    cores = cores_in;
    fleet = fleet_in;
  }
  std::shared_ptr<const Cluster> cluster(const Node&) override { return {}; }
};

using Prepare = std::function<void(TestExchange&)>;

class LimitTest : public testing::Test {
 protected:
  std::unique_ptr<const Filter> build(std::string_view options, unsigned cores = 1) {
    Diagnostics told;
    KeepingContext context(told, states, cores, fleet);
    auto filter = limit_filter().build(node(options), context);
    EXPECT_TRUE(filter) << told.text();
    return filter;
  }

  struct Outcome {
    Status status = 0;
    std::string ratelimit;
    std::string retry_after;
    std::string body;
    std::string record;  // of the last decision
    Fields fields;
  };

  /// One request; a refusal becomes the answer that a client would see.
  Outcome ask(const Filter& filter, const Prepare& prepare = [](TestExchange&) {}) {
    TestExchange test(shard);
    test.client("192.0.2.7");
    prepare(test);
    Result<Answer> answer = shard.run_to_end(filter.handle(test.exchange, TestExchange::next(service)));
    Outcome outcome{.fields = Fields(arena)};
    outcome.record = record_of(test);
    Answer shown = answer ? std::move(*answer) : error_reply(test.exchange, answer.error());
    outcome.status = shown.head.status;
    for (const Field& field : shown.head.fields) {
      outcome.fields.append(arena.copy(field.name), arena.copy(field.value));
      if (field.name == "ratelimit") outcome.ratelimit = field.value;
      if (field.name == "retry-after") outcome.retry_after = field.value;
    }
    if (shown.body != nullptr) outcome.body = shard.run_to_end(shown.body->read())->bytes;
    return outcome;
  }

  static std::string record_of(const TestExchange& test) {
    const DecisionRecord* const record = test.last_record();
    if (record == nullptr) return "";
    return std::string(record->verdict) + ' ' + std::string(record->subject) + ": " + std::string(record->reason);
  }

  std::string field(const Outcome& outcome, std::string_view name) {
    const Field* const found = outcome.fields.find(name);
    return found == nullptr ? "" : std::string(found->value);
  }

  unsigned admitted(const Filter& filter, unsigned tries, const Prepare& prepare = [](TestExchange&) {}) {
    unsigned count = 0;
    for (; tries > 0; --tries) count += ask(filter, prepare).status == 200 ? 1 : 0;
    return count;
  }

  TestShard shard;
  Arena arena{shard.shard().blocks};
  SharedStates states;
  const FleetSettings* fleet = nullptr;
  CountingService service;
};

inline Prepare from(std::string_view address) {
  return [address](TestExchange& test) { test.client(address); };
}
inline Prepare with(std::string_view name, std::string_view value) {
  return [name, value](TestExchange& test) { test.field(name, value); };
}

}  // namespace weir::limit
