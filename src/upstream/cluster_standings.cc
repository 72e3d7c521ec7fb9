// What operators, checks and outliers found out, brought to the endpoints of one core: who may be picked, with which
// weight, and what becomes of the connections of those who may not.
#include <algorithm>

#include "upstream/cluster_state.h"

namespace weir {
namespace {

constexpr Error disabled = gateway_error(Code::endpoint_disabled);

}  // namespace

void ClusterState::look_at_health() {
  if (health_.refresh()) take_standings();
}

void ClusterState::hear_operator() {
  health_.hear_operator();
  look_at_health();
}

/// What operators take out of use is given no connection any more, and keeps none that is idle; but a drained one that
/// keeps the clients whose cookies name it. What they disable has nothing in flight any more.
void ClusterState::take_standings() {
  bool weights_changed = false;
  for (std::size_t at = 0; at < candidates_.size(); ++at) {
    Pool& pool = *candidates_[at].pool;
    const EndpointStanding standing = health_.standing(at);
    const bool closed = standing == EndpointStanding::draining || standing == EndpointStanding::disabled;
    const auto number = static_cast<std::uint32_t>(at);
    set_available(number, health_.may_be_picked(at) || closed);
    facts_[at].ejected = standing == EndpointStanding::ejected && !facts_[at].available;
    if (facts_[at].drained != closed) set_drained(number, closed);
    const bool keeps_clients = sticky_ != nullptr && standing == EndpointStanding::draining &&
                               sticky_->options().on_drain == StickyOptions::OnDrain::keep;
    const bool open = !closed || keeps_clients;
    const PoolClosed why = standing == EndpointStanding::disabled ? PoolClosed::disabled : PoolClosed::drained;
    if (!open && pool.closed_for() != why) pool.drain(why);
    if (standing == EndpointStanding::disabled) pool.give_up(disabled);
    if (open && pool.closed()) pool.configure(pool_settings_);
    const std::uint32_t said = health_.followed(at).health()->weight_said.get();
    const std::uint32_t weight = said == 0 ? candidates_[at].configured : said;
    if (candidates_[at].weight == weight) continue;
    set_weight(number, weight);
    weights_changed = true;
  }
  if (weights_changed) find_table();
}

void ClusterState::set_available(std::uint32_t number, bool available) {
  EndpointFacts& facts = facts_[number];
  if (facts.available == available) return;
  facts.available = available;
  if (available) candidates_[number].warm_since = shard_.reactor.now();
  changed();
}

void ClusterState::set_drained(std::uint32_t number, bool drained) {
  facts_[number].drained = drained;
  if (!drained) candidates_[number].warm_since = shard_.reactor.now();
  changed();
}

void ClusterState::set_weight(std::uint32_t number, std::uint32_t weight) {
  candidates_[number].weight = weight;
  changed();
}

bool ClusterState::Slot::has_both_families() const {
  if (literal || configured.endpoint.service || addresses.empty()) return false;
  const int family = addresses.front().address.address.family();
  return std::ranges::any_of(addresses, [&](const auto& each) { return each.address.address.family() != family; });
}

Pool* ClusterState::sibling_of(const Pool& pool, std::span<const std::uint64_t> tried) const {
  const bool has_connection = pool.idle() > 0;
  if (has_connection || !pool.has_seat() || !candidates_[pool.number()].has_siblings) [[likely]]
    return nullptr;
  const Slot* const slot = candidates_[pool.number()].slot;
  const int family = pool.address().address.family();
  Pool* least = nullptr;
  for (std::size_t at = 0; at < candidates_.size(); ++at) {
    Pool& other = *candidates_[at].pool;
    if (candidates_[at].slot != slot || other.address().address.family() == family) continue;
    if (!facts_[at].available || facts_[at].drained || std::ranges::find(tried, other.id()) != tried.end()) continue;
    if (least == nullptr || other.in_flight() < least->in_flight()) least = &other;
  }
  return least;
}

bool ClusterState::has_other_than(std::uint64_t pool_id) const {
  for (std::size_t at = 0; at < candidates_.size(); ++at) {
    if (facts_[at].available && !facts_[at].drained && candidates_[at].pool->id() != pool_id) return true;
  }
  return false;
}

bool ClusterState::has_other_than(std::span<const std::uint64_t> tried) const {
  if (!tried.empty() && has_other_than(tried.back())) return true;
  for (std::size_t at = 0; at < candidates_.size(); ++at) {
    const bool was_tried = std::ranges::find(tried, candidates_[at].pool->id()) != tried.end();
    if (facts_[at].ejected && !facts_[at].drained && !was_tried) return true;
  }
  return false;
}

}  // namespace weir
