// Events become figures, and now and then a line.
#include "filters/limit/redis/core.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "filters/limit/redis/counting.h"

namespace weir::limit {
namespace {

constexpr Duration between_lines = std::chrono::seconds{10};
/// Characters of an error of Redis that are worth showing.
constexpr std::size_t words_max = 120;

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
      return tell_of(address, true, why);
    case redis::Event::resumed:
      core.suppressed.subtract();
      return tell_of(address, false, {});
    case redis::Event::late_answer:
      return core.late_answers.add();
    case redis::Event::redirected:
      return core.redirections.add();
    case redis::Event::refreshed:
      return;
  }
}

void RedisCore::tell_of(std::string_view address, bool gone, std::string_view why) {
  // The addresses of one Redis are ways to the same server.
  Server& server = servers_[client_.settings().cluster ? std::string(address) : std::string()];
  server = {.address = std::string(address), .gone = gone, .told_gone = server.told_gone, .why = std::string(why)};
  if (servers_.size() > limits::redis_nodes) servers_.erase(servers_.begin());
  tell();
}

void RedisCore::tell() {
  const Time now = shard_.reactor.now();
  Time again = never;
  for (auto& [name, server] : servers_) {
    if (server.gone == server.told_gone) continue;
    Time& told = told_[server.gone ? 1 : 0];
    if (told != Time{} && now - told < between_lines) {
      again = std::min(again, told + between_lines);
      continue;
    }
    told = now;
    server.told_gone = server.gone;
    if (shard_.notices == nullptr) continue;
    shard_.notices->warning(server.gone
                                ? fmt::format("limit: Redis at {} is not waited for: {}", server.address, server.why)
                                : fmt::format("limit: Redis at {} decides again", server.address));
  }
  std::erase_if(servers_, [](const auto& each) { return !each.second.gone && !each.second.told_gone; });
  if (again == never) return shard_.reactor.timers().disarm(*this);
  shard_.reactor.timers().arm(*this, again);
}

void RedisCore::refused(std::string_view why) {
  const Time now = shard_.reactor.now();
  if (shard_.notices == nullptr || (told_refused_ != Time{} && now - told_refused_ < between_lines)) return;
  told_refused_ = now;
  shard_.notices->warning(fmt::format("limit: Redis at {} answers with an error, and on_error decides: {}",
                                      state_->address(), why.substr(0, words_max)));
}

}  // namespace weir::limit
