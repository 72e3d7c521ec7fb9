// How candidates come to be: from the configuration, and from the resolver.
#include "upstream/cluster_state.h"

#include <algorithm>

namespace weir {

ClusterState::ClusterState(Shard& shard, std::string name) : shard_(shard), name_(std::move(name)) {}

ClusterState::~ClusterState() {
  shard_.reactor.timers().disarm(*this);
}

// The configuration.

void ClusterState::adopt(const Cluster& cluster) {
  if (stopped_) return;
  const ClusterSettings& settings = cluster.settings();
  generation_ = cluster.generation();
  pool_settings_ = {.protocol = settings.protocol, .limits = settings.connections};
  resolve_every_ = settings.resolve_every;

  std::vector<std::shared_ptr<Slot>> slots;
  slots.reserve(settings.endpoints.size());
  for (const ClusterEndpoint& configured : settings.endpoints) slots.push_back(take_slot(configured));
  for (const auto& left : slots_) left->gone = true;
  slots_ = std::move(slots);

  make_candidates();
  resolve_names();
}

/// The slot this endpoint had in the former configuration, so that its addresses stay known, or a new one.
std::shared_ptr<ClusterState::Slot> ClusterState::take_slot(const ClusterEndpoint& configured) {
  const auto same = [&](const std::shared_ptr<Slot>& slot) { return slot->configured.endpoint == configured.endpoint; };
  if (const auto found = std::ranges::find_if(slots_, same); found != slots_.end()) {
    std::shared_ptr<Slot> slot = std::move(*found);
    slots_.erase(found);
    slot->configured = configured;
    return slot;
  }
  auto slot = std::make_shared<Slot>(Slot{.configured = configured, .addresses = {}});
  if (const Result<SocketAddress> literal = socket_address(configured.endpoint)) {
    slot->literal = true;
    slot->addresses.push_back({*literal});
  }
  return slot;
}

void ClusterState::make_candidates() {
  candidates_.clear();
  for (const auto& slot : slots_) {
    for (const UpstreamAddress& address : slot->addresses) {
      candidates_.push_back({.pool = &pool_for(address), .weight = slot->configured.weight});
    }
  }
  facts_.resize(candidates_.size());
  for (const auto& pool : pools_) {
    if (find(pool->id()) != nullptr) {
      pool->configure(pool_settings_);
    } else {
      pool->drain();
    }
  }
  // Pools that were drained by an earlier change and have ended since.
  std::erase_if(pools_, [](const std::unique_ptr<Pool>& pool) { return pool->finished(); });
}

Pool& ClusterState::pool_for(const UpstreamAddress& address) {
  for (const auto& pool : pools_) {
    if (pool->address() == address) return *pool;
  }
  return *pools_.emplace_back(std::make_unique<Pool>(shard_, address, ++last_pool_id_, pool_settings_));
}

void ClusterState::keep_nothing_idle() {
  pool_settings_.limits.idle_max = 0;
  for (const auto& pool : pools_) {
    if (find(pool->id()) != nullptr) pool->configure(pool_settings_);
  }
}

void ClusterState::stop() {
  stopped_ = true;
  shard_.reactor.timers().disarm(*this);
  tell_waiters(gateway_error(Code::draining));
  for (const auto& pool : pools_) pool->stop();
}

// Picking.

Pool* ClusterState::pick(const Balancer& balancer, std::uint64_t avoid, std::string_view& reason) {
  const bool avoiding = avoid != 0 && has_other_than(avoid);
  for (std::size_t at = 0; at < candidates_.size(); ++at) {
    const Pool& pool = *candidates_[at].pool;
    facts_[at] = {
        .in_flight = pool.in_flight(), .weight = candidates_[at].weight, .available = !avoiding || pool.id() != avoid};
  }
  last_draw_ = shard_.reactor.random().next();
  const std::optional<Pick> pick = balancer.pick({.endpoints = facts_, .turn = turn_++, .draw = last_draw_});
  if (!pick) return nullptr;
  reason = pick->reason;
  return candidates_[pick->endpoint].pool;
}

Pool* ClusterState::find(std::uint64_t pool_id) const {
  for (const Candidate& candidate : candidates_) {
    if (candidate.pool->id() == pool_id) return candidate.pool;
  }
  return nullptr;
}

bool ClusterState::has_other_than(std::uint64_t pool_id) const {
  return std::ranges::any_of(candidates_, [&](const Candidate& candidate) { return candidate.pool->id() != pool_id; });
}

// Names.

void ClusterState::resolve_names() {
  if (stopped_) return;
  bool names = false;
  const std::vector<std::shared_ptr<Slot>> slots = slots_;  // resolving may end, and change things, at once
  for (const auto& slot : slots) {
    if (slot->literal) continue;
    names = true;
    if (slot->resolving) continue;
    slot->resolving = true;
    ++resolving_;
    shard_.scope.spawn(resolve(slot));
  }
  used_ = true;
  if (!names || resolve_every_ == no_limit) return;
  shard_.reactor.timers().arm(*this, shard_.reactor.now() + resolve_every_);
}

/// Asks once. An answer that is empty or an error leaves the last good one in place.
Task<void> ClusterState::resolve(std::shared_ptr<Slot> slot) {
  const Result<std::vector<UpstreamAddress>> answer =
      co_await shard_.resolver.resolve(shard_.reactor, slot->configured.endpoint);
  slot->resolving = false;
  --resolving_;
  if (stopped_) co_return;
  if (answer && !answer->empty() && !slot->gone && *answer != slot->addresses) {
    slot->addresses = *answer;
    make_candidates();
  }
  if (ready() || resolving_ == 0) {
    tell_waiters(answer ? upstream_error(Code::resolve_failed, "the name has no address") : answer.error());
  }
}

/// The time between two resolutions is over. Names of a cluster that nobody used meanwhile rest until somebody does.
void ClusterState::fire(Time) {
  if (!std::exchange(used_, false)) return;
  resolve_names();
  used_ = false;
}

/// First use since the names were last resolved.
void ClusterState::wake_up() {
  used_ = true;
  if (!armed() && resolve_every_ != no_limit) resolve_names();
}

void ClusterState::begin_waiting(Resolved& waiting) {
  waiting_.push_back(waiting.place_);
  if (slots_.empty() || stopped_) return end_waiting(waiting, fail(gateway_error(Code::no_endpoint)));
  const Time deadline = deadline_after(shard_.reactor.now(), waiting.timeout_);
  if (deadline != never) shard_.reactor.timers().arm(waiting, deadline);
  resolve_names();
}

void ClusterState::end_waiting(Resolved& waiting, Result<void> outcome) {
  waiting.place_.unlink();
  shard_.reactor.timers().disarm(waiting);
  waiting.outcome_ = outcome;
  shard_.reactor.schedule(waiting);
}

void ClusterState::tell_waiters(Error why) {
  while (!waiting_.empty()) {
    end_waiting(waiting_.front()->resolved, ready() ? Result<void>{} : Result<void>(fail(why)));
  }
}

void ClusterState::Resolved::fire(Time) {
  state_.end_waiting(*this, fail(upstream_error(Code::resolve_failed, "the resolver did not answer in time")));
}

void ClusterState::Resolved::cancel(Error why) {
  state_.end_waiting(*this, fail(why));
}

}  // namespace weir
