// How candidates come to be: from the configuration, and from the resolver.
#include "upstream/cluster_state.h"

#include <algorithm>

#include "base/fault.h"

namespace weir {

ClusterState::ClusterState(Shard& shard, std::string name)
    : shard_(shard),
      name_(std::move(name)),
      health_(shard),
      files_(shard, [this] { endpoints_changed(); }),
      prober_(shard,
              [this](std::uint64_t pool_id, const LoadReport& report, Duration took) { hear(pool_id, report, took); }) {
}

ClusterState::~ClusterState() {
  shard_.reactor.timers().disarm(*this);
}

// The configuration.

void ClusterState::adopt(const Cluster& cluster) {
  if (stopped_) return;
  const ClusterSettings& settings = cluster.settings();
  generation_ = cluster.generation();
  pool_settings_ = {.protocol = settings.protocol,
                    .limits = settings.connections,
                    .owned = settings.owned_protocol,
                    .introducing = settings.introducing};
  resolve_every_ = settings.resolve_every;
  const std::uint32_t per_mille = settings.hedge.after_per_mille;
  if (latency_ == nullptr || latency_->per_mille() != per_mille) {
    latency_ = per_mille > 0 ? std::make_unique<LatencyWindow>(per_mille) : nullptr;
  }
  health_.adopt(cluster.health(), settings.health);

  zone_ = settings.zone;
  slow_start_ = settings.slow_start;
  rules_ = settings.roster;
  rules_.near_in_flight /= weight_scale();
  sticky_ = settings.sticky;
  balancer_ = settings.balancer;
  learns_ = balancer_->latency_decay() > Duration::zero() || balancer_->reports() != nullptr;
  prober_.adopt(cluster, pool_settings_);
  literal_table_ = cluster.table();
  table_ = nullptr;
  table_names_.clear();

  subset_ = settings.subset;
  files_.adopt(settings);
  endpoints_changed();
}

void ClusterState::endpoints_changed() {
  take_slots(files_.endpoints());
  make_candidates();
  resolve_names();
}

/// Endpoints that were in the former configuration keep their slots, so that their addresses stay known.
void ClusterState::take_slots(const std::vector<ClusterEndpoint>& endpoints) {
  std::unordered_multimap<std::string, std::shared_ptr<Slot>> former;
  for (auto& slot : slots_) former.emplace(slot->configured.endpoint.text(), std::move(slot));
  slots_.clear();
  slots_.reserve(endpoints.size());
  for (const ClusterEndpoint& configured : endpoints) {
    auto kept = former.extract(configured.endpoint.text());
    slots_.push_back(kept ? std::move(kept.mapped()) : std::make_shared<Slot>());
    Slot& slot = *slots_.back();
    slot.configured = configured;
    if (kept) continue;
    if (const Result<SocketAddress> literal = socket_address(configured.endpoint)) {
      slot.literal = true;
      slot.addresses.push_back({.address = {*literal}});
    }
  }
  for (const auto& [text, slot] : former) slot->gone = true;
}

void ClusterState::make_candidates() {
  const std::vector<Candidate> before = std::exchange(candidates_, {});
  const std::vector<EndpointFacts> facts_before = std::exchange(facts_, {});
  for (const Candidate& candidate : before) candidate.pool->leave_seat();
  std::size_t count = 0;
  for (const auto& slot : slots_) count += slot->addresses.size();
  facts_.reserve(count);  // pools point into it
  candidates_.reserve(count);
  const std::vector<bool> chosen = addresses_talked_to();
  std::size_t at = 0;
  for (const auto& slot : slots_) {
    for (const ResolvedAddress& address : slot->addresses) {
      if (chosen.empty() || chosen[at]) add_candidate(*slot, address, before, facts_before);
      ++at;
    }
  }
  prober_.renumber([&](std::uint32_t number) {
    const Pool& pool = *before[number].pool;
    return pool.has_seat() ? pool.number() : no_endpoint_number;
  });
  settle_pools();
  prober_.keep_those([this](std::uint64_t pool_id) { return find(pool_id) != nullptr; });
  changed();
  name_for_cookies();
  find_table();
}

/// Those of all addresses that this gateway talks to; empty: all.
std::vector<bool> ClusterState::addresses_talked_to() const {
  if (subset_.size == 0) return {};
  std::vector<RankedAddress> addresses;
  for (const auto& slot : slots_) {
    for (const ResolvedAddress& address : slot->addresses) {
      const unsigned priority = slot->configured.priority + address.priority;
      addresses.push_back({.name = text_of(address.address.address), .priority = priority});
    }
  }
  return chosen_addresses(addresses, subset_);
}

/// What was known of the endpoint stays known. An address that stands there twice is one endpoint of both weights.
void ClusterState::add_candidate(const Slot& slot, const ResolvedAddress& address, std::span<const Candidate> before,
                                 std::span<const EndpointFacts> facts_before) {
  Pool& pool = pool_for(address.address);
  const ClusterEndpoint& configured = slot.configured;
  const std::uint32_t weight = configured.weight * address.weight;
  if (pool.has_seat()) {
    candidates_[pool.number()].weight = candidates_[pool.number()].configured += weight;
    return;
  }
  const auto number = static_cast<std::uint32_t>(candidates_.size());
  const bool known = pool.number() < before.size() && before[pool.number()].pool == &pool;
  const Time now = shard_.reactor.now();
  // Endpoints that are there from the beginning need no warming up: nobody has warmed up yet.
  const Time warm_since = known ? before[pool.number()].warm_since : before.empty() ? Time::min() : now;
  candidates_.push_back({.pool = &pool,
                         .configured = weight,
                         .weight = weight,
                         .warm_since = warm_since,
                         .slot = &slot,
                         .has_siblings = slot.has_both_families()});
  EndpointFacts& facts = facts_.emplace_back(known ? facts_before[pool.number()] : EndpointFacts{});
  facts.priority = static_cast<std::uint8_t>(std::min(configured.priority + address.priority, UINT8_MAX));
  facts.near = is_near(configured, zone_);
  pool.take_seat(number, facts.in_flight, load_);
}

Pool& ClusterState::pool_for(const UpstreamAddress& address) {
  const std::string bytes(reinterpret_cast<const char*>(address.address.raw()), address.address.length);
  Pool*& known = pools_by_address_[bytes];
  if (known == nullptr) {
    known = pools_.emplace_back(std::make_unique<Pool>(shard_, address, ++last_pool_id_, pool_settings_)).get();
    pools_by_id_.emplace(known->id(), known);
  }
  return *known;
}

/// Pools without a seat are drained, and destroyed once they have ended.
void ClusterState::settle_pools() {
  for (const auto& pool : pools_) {
    if (pool->has_seat()) {
      pool->configure(pool_settings_);
    } else {
      pool->drain();
    }
  }
  std::vector<UpstreamAddress> addresses;
  addresses.reserve(candidates_.size());
  for (const Candidate& candidate : candidates_) addresses.push_back(candidate.pool->address());
  health_.follow(addresses);
  for (std::size_t at = 0; at < candidates_.size(); ++at) {
    candidates_[at].pool->follow(health_.followed(at));
    health_.followed(at).show_weight(candidates_[at].configured);
  }
  look_at_health();
  const auto finished = [](const Pool& pool) { return pool.finished(); };
  std::erase_if(pools_by_address_, [&](const auto& entry) { return finished(*entry.second); });
  std::erase_if(pools_by_id_, [&](const auto& entry) { return finished(*entry.second); });
  std::erase_if(pools_, [&](const std::unique_ptr<Pool>& pool) { return finished(*pool); });
}

void ClusterState::keep_nothing_idle() {
  pool_settings_.limits.idle_max = 0;
  health_.rest();
  files_.rest();
  prober_.rest();
  for (const auto& pool : pools_) {
    if (pool->has_seat() && !pool->closed()) pool->configure(pool_settings_);
  }
}

void ClusterState::stop() {
  stopped_ = true;
  health_.stop();
  files_.rest();
  prober_.stop();
  shard_.reactor.timers().disarm(*this);
  tell_waiters(gateway_error(Code::draining));
  for (const auto& pool : pools_) pool->stop();
}

// Picking.

Pool* ClusterState::pick(const Balancer& balancer, const PickRequest& request, std::string_view& reason) {
  const Time now = shard_.reactor.now();
  bring_up_to_date(now);
  tried_.clear();
  for (const std::uint64_t id : request.tried) {
    if (const Pool* pool = find(id)) tried_.push_back(pool->number());
  }
  const std::uint64_t draw = shard_.reactor.random().next();
  level_ = level_for_one_more(balancer);
  last_ = {.endpoints = facts_,
           .tried = tried_,
           .turn = turn_++,
           .draw = draw,
           .key = request.key.value_or(draw),
           .keyed = request.key.has_value(),
           .now = now,
           .level = level_,
           .table = table_.get(),
           .numbers = table_numbers_,
           .probes = prober_.asks() ? prober_.reports(now, roster_.members()) : std::span<const ProbeFacts>()};
  const std::optional<Pick> pick = weir::pick(balancer, roster_, last_);
  last_probe_ = pick ? pick->probe : no_endpoint_number;
  if (!pick) return nullptr;
  reason = pick->reason;
  return candidates_[pick->endpoint].pool;
}

/// Who may be picked, and for how much each counts, is worked out anew: now, and as long as somebody warms up.
void ClusterState::refresh(Time now) {
  const std::uint32_t scale = weight_scale();
  refresh_at_ = never;
  for (std::size_t at = 0; at < candidates_.size(); ++at) {
    const Candidate& each = candidates_[at];
    const Duration age = each.warm_since == Time::min() ? slow_start_ : now - each.warm_since;
    facts_[at].weight = warm_weight(each.weight * scale, age, slow_start_);
    if (age < slow_start_) refresh_at_ = now + slow_start_ / warming_steps;
  }
  roster_.make(facts_, rules_);
  roster_weight_ = 0;
  for (const EndpointGroup& group : roster_.groups()) roster_weight_ += group.weight_sum;
}

/// What a pick sees is as of now.
void ClusterState::bring_up_to_date(Time now) {
  look_at_health();
  if (now >= refresh_at_) refresh(now);
}

double ClusterState::level_for_one_more(const Balancer& balancer) const {
  const double above = balancer.load_above_mean();
  return above > 0 ? hold_level(level_, load_ + 1, roster_weight_, above) : 0;
}

Pool* ClusterState::find(std::uint64_t pool_id) const {
  const auto found = pools_by_id_.find(pool_id);
  return found != pools_by_id_.end() && found->second->has_seat() ? found->second : nullptr;
}

// Names.

/// Asks about the names whose time has come.
void ClusterState::resolve_names() {
  if (stopped_) return;
  used_ = true;
  const Time now = shard_.reactor.now();
  Time next = never;
  const std::vector<std::shared_ptr<Slot>> slots = slots_;  // resolving may end, and change things, at once
  for (const auto& slot : slots) {
    if (slot->literal || slot->resolving) continue;
    if (slot->due > now) {
      next = std::min(next, slot->due);
      continue;
    }
    slot->resolving = true;
    ++resolving_;
    shard_.scope.spawn(resolve(slot));
  }
  look_again_at(next);
}

/// Asks once. An answer that is empty or an error leaves the last good one in place, and is asked for again soon.
Task<void> ClusterState::resolve(std::shared_ptr<Slot> slot) {
  const Result<ResolvedAddresses> answer = co_await shard_.resolver.resolve(shard_.reactor, slot->configured.endpoint);
  slot->resolving = false;
  --resolving_;
  if (stopped_) co_return;
  const bool good = answer && !answer->addresses.empty();
  slot->due = deadline_after(shard_.reactor.now(), good ? until_next(answer->holds) : retry_after());
  look_again_at(slot->due);
  if (good && !slot->gone && answer->addresses != slot->addresses) {
    slot->addresses = answer->addresses;
    make_candidates();
  }
  if (!good && !slot->gone && !slot->addresses.empty() && fault(Fault::names_forgotten)) {
    slot->addresses.clear();
    make_candidates();
  }
  if (ready() || resolving_ == 0) {
    tell_waiters(answer ? upstream_error(Code::resolve_failed, "the name has no address") : answer.error());
  }
}

/// An answer is asked for again when it holds no longer, and after resolve_every at the latest.
Duration ClusterState::until_next(Duration holds) const {
  if (resolve_every_ == no_limit) return no_limit;
  return holds == no_limit ? resolve_every_ : std::min(holds, resolve_every_);
}

Duration ClusterState::retry_after() const {
  constexpr Duration soon = std::chrono::seconds{limits::dns_negative_seconds};
  return resolve_every_ == no_limit ? soon : std::min<Duration>(resolve_every_, soon);
}

void ClusterState::look_again_at(Time due) {
  if (due == never || (armed() && Timer::due() <= due)) return;
  shard_.reactor.timers().arm(*this, due);
}

/// The time of an answer is over. Names of a cluster that nobody used meanwhile rest until somebody does.
void ClusterState::fire(Time) {
  if (!std::exchange(used_, false)) return;
  resolve_names();
  used_ = false;
}

/// First use since the names were last resolved.
void ClusterState::wake_up() {
  used_ = true;
  if (!armed()) resolve_names();
}

void ClusterState::begin_waiting(Resolved& waiting) {
  waiting_.push_back(waiting.place_);
  if (slots_.empty() || stopped_) return end_waiting(waiting, fail(gateway_error(Code::no_endpoint)));
  const Time deadline = deadline_after(shard_.reactor.now(), waiting.timeout_);
  if (deadline != never) shard_.reactor.timers().arm(waiting, deadline);
  for (const auto& slot : slots_) slot->due = Time::min();  // nothing is known: ask, whatever was planned
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
