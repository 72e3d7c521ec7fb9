// Scores, and the best few.
#include "balancers/rendezvous/rendezvous.h"

#include <array>

namespace weir {
namespace {

struct Scored {
  double score = -1;
  std::uint32_t number = no_endpoint_number;
};

/// Those with the highest scores, the highest first.
class Best {
 public:
  explicit Best(std::size_t count) : count_(count) {}

  void offer(Scored scored) {
    if (scored.score <= best_[count_ - 1].score) return;
    std::size_t at = count_ - 1;
    for (; at > 0 && best_[at - 1].score < scored.score; --at) best_[at] = best_[at - 1];
    best_[at] = scored;
  }
  [[nodiscard]] std::span<const Scored> all() const { return {best_.data(), count_}; }

 private:
  std::array<Scored, RendezvousOptions::replicas_max> best_;
  std::size_t count_;
};

bool is_lighter(const EndpointFacts& one, const EndpointFacts& other) {
  return (one.in_flight + std::uint64_t{1}) * other.weight < (other.in_flight + std::uint64_t{1}) * one.weight;
}

}  // namespace

RendezvousTable::RendezvousTable(std::span<const EndpointIdentity> endpoints) {
  for (const EndpointIdentity& each : endpoints) {
    hashes_.push_back(hash_of(each.name));
    weights_.push_back(std::max(each.weight, 1U));
    equal_ = equal_ && weights_.back() == weights_.front();
  }
}

double RendezvousTable::score(std::size_t entry, std::uint64_t key) const {
  const std::uint64_t hash = mixed(hashes_[entry] ^ key);
  const double uniform = (static_cast<double>(hash >> 11) + 0.5) * 0x1p-53;
  return equal_ ? uniform : -weights_[entry] / std::log(uniform);
}

std::unique_ptr<const BalancerTable> Rendezvous::make_table(std::span<const EndpointIdentity> endpoints) const {
  return std::make_unique<RendezvousTable>(endpoints);
}

std::optional<Pick> Rendezvous::pick(const PickFacts& facts) const {
  KeyedWalk walk(facts, "rendezvous");
  const auto* table = static_cast<const RendezvousTable*>(facts.table);
  if (table == nullptr) return walk.pick();
  Best best(replicas_);
  Best full(1);
  for (std::size_t entry = 0; entry < table->size(); ++entry) {
    const std::uint32_t number = facts.endpoint_of(static_cast<std::uint32_t>(entry));
    if (!facts.may_pick(number)) continue;
    const Scored scored{.score = table->score(entry, facts.key), .number = number};
    (has_room(facts, number) ? best : full).offer(scored);
  }
  std::uint32_t chosen = best.all().front().number;
  for (const Scored& each : best.all().subspan(1)) {
    if (each.number == no_endpoint_number) break;
    if (is_lighter(facts.endpoints[each.number], facts.endpoints[chosen])) chosen = each.number;
  }
  if (chosen == no_endpoint_number) chosen = full.all().front().number;
  if (chosen != no_endpoint_number) walk.offer(chosen);
  return walk.pick();
}

const Schema<RendezvousOptions>& RendezvousOptions::schema() {
  static const auto schema =
      keyed_schema<RendezvousOptions>("rendezvous",
                                      "The same key goes to the endpoint that scores highest for it; for tens of them.")
          .option("replicas", &RendezvousOptions::replicas,
                  {.doc = "Endpoints a key belongs to; the least loaded of them is picked.",
                   .example = "2",
                   .minimum = 1,
                   .maximum = RendezvousOptions::replicas_max});
  return schema;
}

const BalancerKind& rendezvous_balancer() {
  static constexpr BalancerKind kind{.name = "rendezvous",
                                     .schema = &schema_of<RendezvousOptions>,
                                     .build = &build_keyed<Rendezvous, RendezvousOptions>};
  return kind;
}

}  // namespace weir
