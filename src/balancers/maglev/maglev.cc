// Filling the table and looking into it.
#include "balancers/maglev/maglev.h"

#include <numeric>

namespace weir {
namespace {

/// Looks again before the walk asks the others in their order: with half of all endpoints gone, one in four billion
/// keys gets that far.
constexpr int looks_max = 32;

/// One endpoint while the table is filled: where it would like to be next.
struct Claimant {
  std::uint32_t number;
  std::uint64_t next;
  std::uint64_t skip;
  std::uint32_t weight;
  std::uint64_t claimed = 0;  ///< in units of the largest weight
};

std::vector<Claimant> claimants(std::span<const EndpointIdentity> endpoints, std::size_t size) {
  std::vector<Claimant> made;
  made.reserve(endpoints.size());
  for (std::uint32_t number = 0; number < endpoints.size(); ++number) {
    const std::string_view name = endpoints[number].name;
    made.push_back({.number = number,
                    .next = hash_of(name, 1) % size,
                    .skip = hash_of(name, 2) % (size - 1) + 1,
                    .weight = std::max(endpoints[number].weight, 1U)});
  }
  // The order in which they take their turns must not hang on the order of the configuration.
  std::ranges::sort(made, {}, [&](const Claimant& each) { return endpoints[each.number].name; });
  return made;
}

}  // namespace

MaglevTable::MaglevTable(std::span<const EndpointIdentity> endpoints, std::size_t size) {
  if (endpoints.empty()) return;
  size_ = size;
  wide_.assign(size, no_endpoint_number);
  std::vector<Claimant> all = claimants(endpoints, size);
  const std::uint64_t heaviest = std::ranges::max(all, {}, &Claimant::weight).weight;
  std::size_t taken = 0;
  for (std::uint64_t turn = 0; taken < size; ++turn) {
    for (Claimant& each : all) {
      // A lighter one sits out turns: it takes weight / heaviest as many places.
      if (each.claimed * heaviest > turn * each.weight) continue;
      ++each.claimed;
      while (wide_[each.next] != no_endpoint_number) each.next = (each.next + each.skip) % size;
      wide_[each.next] = each.number;
      if (++taken == size) break;
    }
  }
  if (endpoints.size() > UINT16_MAX) return;
  narrow_.assign(wide_.begin(), wide_.end());
  wide_ = {};
}

std::unique_ptr<const BalancerTable> Maglev::make_table(std::span<const EndpointIdentity> endpoints) const {
  return std::make_unique<MaglevTable>(endpoints);
}

std::optional<Pick> Maglev::pick(const PickFacts& facts) const {
  KeyedWalk walk(facts, "maglev");
  const auto* table = static_cast<const MaglevTable*>(facts.table);
  if (table == nullptr || table->size() == 0) return walk.pick();
  std::uint64_t key = facts.key;
  for (int look = 0; look < looks_max; ++look) {
    if (walk.offer(facts.endpoint_of(table->look_up(key)))) break;
    key = mixed(key + 0x9E3779B97F4A7C15U);
  }
  return walk.pick();
}

const Schema<MaglevOptions>& MaglevOptions::schema() {
  static const auto schema = keyed_schema<MaglevOptions>(
      "maglev", "The same key goes to the same endpoint, by a table in which all have the same share.");
  return schema;
}

const BalancerKind& maglev_balancer() {
  static constexpr BalancerKind kind{
      .name = "maglev", .schema = &schema_of<MaglevOptions>, .build = &build_keyed<Maglev, MaglevOptions>};
  return kind;
}

}  // namespace weir
