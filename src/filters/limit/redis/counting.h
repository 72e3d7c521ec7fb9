// What is asked of Redis about the rules of a request, and what its answer means. Pure: texts in, texts out.
//
// Idea: one function inside Redis looks at all rules, charges all or none, and says for each what remains (the source
// in counting_library.cc). Names of keys hold digests, not values: `weir:{DIGEST OF THE VALUES}:RULE`. What stands in
// braces chooses the slot in a cluster, so that rules which count by the same values are decided in one call.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filters/limit/budget.h"
#include "net/redis/resp.h"
#include "net/redis/settings.h"

namespace weir::limit {

/// The functions of counting.lua, in this order.
enum class RedisFunction : std::uint8_t { take, settle };
/// Named after a digest of the source, so that gateways of two versions do not meet.
const redis::Library& counting_library();

/// What a rule is to Redis, encoded once.
class RedisRule {
 public:
  /// \param identity  the same text on each gateway that shares the rule
  RedisRule(const Budget& budget, bool dry_run, std::string_view prefix, std::string_view identity);

  /// \param values  of the request, by which the rule counts
  [[nodiscard]] std::string key_of(std::string_view values) const;
  /// Eight bulk strings.
  [[nodiscard]] const std::string& arguments() const { return arguments_; }

 private:
  std::string prefix_;
  std::string suffix_;
  std::string arguments_;
};

/// One rule in a question.
struct RedisAsked {
  const RedisRule* rule = nullptr;
  std::string_view key;
  std::int64_t cost = 1;  ///< settle: the mark of what was taken
  std::int64_t more = 0;  ///< take: how much to lease beyond it; settle: the difference
};
redis::Request counting_request(RedisFunction function, std::span<const RedisAsked> asked);

/// What Redis says about one rule.
struct RedisTaken {
  bool admitted = false;
  std::uint64_t remaining = 0;
  Duration wait{};  ///< no_limit: it never would
  Duration reset{};
  std::uint64_t leased = 0;
  std::int64_t mark = 0;  ///< of the charge, to be told when it is settled
};
/// \returns  whether the answer is one, of exactly so many rules
bool read_taken(const redis::Value& answer, std::span<RedisTaken> taken);

}  // namespace weir::limit
