// Events become figures, and now and then a line.
#include "filters/limit/redis/core.h"

#include <fmt/format.h>

#include "filters/limit/redis/counting.h"

namespace weir::limit {
namespace {

constexpr Duration between_lines = std::chrono::seconds{10};

}  // namespace

RedisCore::RedisCore(Shard& shard, const RedisOptions& options, std::shared_ptr<RedisState> state)
    : shard_(shard),
      state_(std::move(state)),
      client_(shard.scope, shard.resolver, shard.tls_bench, options.settings(counting_library()), *this) {}

void RedisCore::happened(redis::Event event, std::string_view address, std::string_view why) {
  RedisState::Core& core = counts();
  switch (event) {
    case redis::Event::connected:
      return core.connections.add();
    case redis::Event::failed:
      return core.failures.add();
    case redis::Event::suppressed:
      core.suppressed.add();
      return tell(event, address, why);
    case redis::Event::resumed:
      core.suppressed.subtract();
      return tell(event, address, why);
    case redis::Event::late_answer:
      return core.late_answers.add();
    case redis::Event::redirected:
      return core.redirections.add();
    case redis::Event::refreshed:
      return;
  }
}

void RedisCore::tell(redis::Event event, std::string_view address, std::string_view why) {
  const bool gone = event == redis::Event::suppressed;
  Time& told = gone ? told_suppressed_ : told_resumed_;
  const Time now = shard_.reactor.now();
  if (shard_.notices == nullptr || (told != Time{} && now - told < between_lines)) return;
  told = now;
  shard_.notices->warning(gone ? fmt::format("limit: Redis at {} is not waited for: {}", address, why)
                               : fmt::format("limit: Redis at {} decides again", address));
}

}  // namespace weir::limit
