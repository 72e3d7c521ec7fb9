// The rules of one filter that Redis decides about: asked together, in as few calls as its slots allow.
//
// Idea: what this gateway counts by itself runs along with every request that passes, so that it has something to say
// when Redis does not. A call about several rules charges all or none. Rules whose keys live in different slots of a
// cluster take several calls, one after the other; a request that a later one refuses gives back what the earlier took.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "contracts/exchange.h"
#include "filters/limit/redis/core.h"
#include "filters/limit/redis/counting.h"
#include "filters/limit/redis/decision.h"
#include "filters/limit/redis/hot_keys.h"
#include "filters/limit/rule.h"

namespace weir {
class BuildContext;
}

namespace weir::limit {

/// What is remembered about a request before a rule of Redis. Lives in the exchange's arena.
struct RedisJudged {
  RedisFacts facts;
  RedisVerdict decided;
  std::string_view key;
  std::int64_t mark = 0;
  bool charged = false;  ///< in Redis, and not out of a lease

  /// What this gateway counts is what decides.
  [[nodiscard]] bool counted_here() const { return !redis_decides(facts.source) && facts.on_error == OnError::local; }
};

class RedisRules {
 public:
  /// \returns  null when no rule has `scope: redis`
  static std::unique_ptr<const RedisRules> build(const RedisOptions& options,
                                                 std::span<const std::unique_ptr<const Rule>> rules,
                                                 BuildContext& context);

  /// Decides about its rules, whose look() was asked before: their verdicts are replaced, and Redis has charged all of
  /// them or none. \errors  only the exchange's own cancellation
  Task<Result<void>> ask(Exchange& exchange, std::span<Judged> judged) const;
  /// Another rule refused after all: what Redis charged is given back. Nobody waits for it.
  void take_back(Exchange& exchange, std::span<const Judged> judged) const;
  /// The answer says that this rule's request cost `more` than was charged, or less.
  void settle(Exchange& exchange, std::size_t rule, const Judged& judged, std::int64_t more) const;

  RedisRules(RedisOptions options, std::shared_ptr<RedisState> state);

 private:
  struct Part {
    std::size_t rule;  // of the filter
    const Rule* of;
    RedisRule redis;
  };
  class Asking;

  [[nodiscard]] RedisCore& core(Shard& shard) const;
  Task<Result<bool>> ask_group(Exchange& exchange, RedisCore& core, std::span<Judged> judged,
                               std::span<const Part* const> group, Time deadline) const;
  bool decide_here(Exchange& exchange, RedisCore& core, std::span<Judged> judged,
                   std::span<const Part* const> group) const;
  void conclude(const Part& part, Judged& judged) const;
  [[nodiscard]] HotKeys& hot_keys(Shard& shard, const Part& part) const;

  RedisOptions options_;
  std::shared_ptr<RedisState> state_;
  const StateKey client_key_;
  std::vector<Part> parts_;
};

}  // namespace weir::limit
