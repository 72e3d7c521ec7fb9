// What a rule with `scope: redis` decides: pure, from what Redis said or why it said nothing.
#pragma once

#include <string_view>

#include "filters/limit/budget.h"
#include "filters/limit/redis/options.h"

namespace weir::limit {

/// Where the verdict about a request comes from.
enum class RedisSource : std::uint8_t {
  answered,        ///< Redis' function decided about this request
  leased,          ///< this core had taken what it costs ahead
  refused_lately,  ///< Redis has said that nothing of this key passes before now
  late,            ///< no answer within the budget
  down,            ///< Redis is not asked at present: it was late, or is gone
  failed,          ///< it answered with an error, or the connection broke
};
std::string_view name_of(RedisSource source);

/// \pre trivially copyable: stands in decision records
struct RedisFacts {
  RedisSource source = RedisSource::down;
  OnError on_error = OnError::local;
  BudgetVerdict said{};  ///< by Redis, where it decided
  // Of this gateway's own counting, which decides for on_error: local:
  Time now{};
  std::uint64_t cost = 1;
  std::uint64_t state = 0;
};

struct RedisVerdict {
  BudgetVerdict verdict;
  std::string_view reason;   ///< static
  bool undecidable = false;  ///< refused because nobody knows, not because of what was spent
};

/// Whether Redis itself decided, now or before.
constexpr bool redis_decides(RedisSource source) {
  return source == RedisSource::answered || source == RedisSource::leased || source == RedisSource::refused_lately;
}

/// \param local  the budget that this gateway counts by itself
RedisVerdict decide_redis(const Budget& local, const RedisFacts& facts);

/// By what this gateway counts when Redis does not: an exact log is shared by no cores, so that windows stand for it.
Budget local_budget(Budget budget);

}  // namespace weir::limit
