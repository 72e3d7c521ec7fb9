// The jumps of a key, and what happens when the bucket may not be picked.
#include "balancers/jump/jump.h"

namespace weir {
namespace {

constexpr int jumps_max = 32;  // see maglev: hardly any key gets that far

}  // namespace

std::uint32_t jump_to(std::uint64_t key, std::uint32_t buckets) {
  std::int64_t at = -1;
  std::int64_t next = 0;
  while (next < buckets) {
    at = next;
    key = key * 2862933555777941757U + 1;  // the paper's generator
    next = static_cast<std::int64_t>(static_cast<double>(at + 1) * (0x1p31 / static_cast<double>((key >> 33) + 1)));
  }
  return static_cast<std::uint32_t>(at);
}

std::optional<Pick> Jump::pick(const PickFacts& facts) const {
  KeyedWalk walk(facts, "jump");
  std::uint64_t key = facts.key;
  for (int jump = 0; jump < jumps_max; ++jump) {
    if (walk.offer(jump_to(key, static_cast<std::uint32_t>(facts.endpoints.size())))) break;
    key = mixed(key + 0x9E3779B97F4A7C15U);
  }
  return walk.pick();
}

const Schema<JumpOptions>& JumpOptions::schema() {
  static const auto schema = keyed_schema<JumpOptions>(
      "jump", "The same key goes to the same numbered endpoint; for shards that are only ever appended.");
  return schema;
}

const BalancerKind& jump_balancer() {
  static constexpr BalancerKind kind{
      .name = "jump", .schema = &schema_of<JumpOptions>, .build = &build_keyed<Jump, JumpOptions>};
  return kind;
}

}  // namespace weir
