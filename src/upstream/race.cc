// Two lanes, and who is given up.
#include "upstream/race.h"

#include <array>

#include "base/fault.h"
#include "runtime/wait_out.h"
#include "upstream/alarm.h"

namespace weir {

Race::Race(const Cluster& cluster, ClusterState& state, Exchange& exchange, OneTry& first, ReplayBody* body,
           bool may_hedge)
    : cluster_(cluster),
      state_(state),
      exchange_(exchange),
      first_try_(first),
      first_pool_id_(first.pool->id()),
      body_(body),
      may_hedge_(may_hedge || fault(Fault::hedge_unsafe)) {}

Reply Race::run() {
  Scope scope(exchange_.shard.reactor);
  const std::optional<Duration> delay = hedge_delay();
  first_.endpoint = exchange_.upstream_endpoint;
  scope.attach(co_await current_cancellation{});
  scope.spawn(run_first());
  if (delay && !first_.outcome) scope.spawn(run_second(*delay));
  co_await scope.join();

  const RaceFacts stand = facts();
  const RaceVerdict verdict = decide(stand);
  const bool second_wins = verdict.outcome == RaceOutcome::second;
  Lane& winner = second_wins ? second_ : first_;
  if (second_try_) {
    exchange_.record({.room = "race",
                      .verdict = name_of(verdict.outcome),
                      .subject = winner.endpoint,
                      .reason = verdict.reason,
                      .place = cluster_.place()},
                     stand);
    if (second_wins) exchange_.shard.metrics.hedges_won.add();
  }
  settle(winner);
  co_return std::move(*winner.outcome);
}

Task<void> Race::run_first() {
  co_await run_lane(first_, first_try_);
}

/// Waits for the time that answers usually take, then tries elsewhere if that is wise.
Task<void> Race::run_second(Duration delay) {
  {
    CancellationRegion region(co_await current_cancellation{});
    second_.region = &region.inner();
    const Result<void> slept = co_await wait_out(exchange_.shard.reactor, delay).under(region.inner());
    second_.region = nullptr;
    if (!slept || first_.outcome || !send_second()) co_return;
  }
  co_await run_lane(second_, *second_try_);
}

Task<void> Race::run_lane(Lane& lane, OneTry& work) {
  Reactor& reactor = exchange_.shard.reactor;
  CancellationRegion region(co_await current_cancellation{});
  lane.region = &region.inner();
  lane.began = reactor.now();
  {
    const Duration patience = fault(Fault::attempt_never_ends) ? no_limit : cluster_.timeouts().attempt;
    const Alarm alarm(reactor, region.inner(), patience, upstream_error(Code::attempt_timeout));
    lane.outcome.emplace(co_await try_once(cluster_, exchange_, work).under(region.inner()));
  }
  lane.region = nullptr;
  if (!work.endpoint.empty()) lane.endpoint = work.endpoint;
  tell_health(exchange_, work, *lane.outcome);
  learn(lane);
  lane_over();
}

/// Decides, and makes the second try ready. \returns  whether to go on with it
bool Race::send_second() {
  ExtraLoad& load = state_.extra_load();
  const Time now = exchange_.shard.reactor.now();
  const HedgeSettings& settings = cluster_.settings().hedge;
  const std::optional<std::string_view> kept = body_ == nullptr ? std::nullopt : body_->whole();
  const HedgeFacts facts{
      .other_endpoint = state_.has_other_than(first_pool_id_),
      .body_held = body_ == nullptr || (kept && kept->size() <= limits::hedged_body_bytes),
      .upload_running = exchange_.scope.running() > 0,
      .attempts_made = exchange_.attempts,
      .attempts_max = cluster_.settings().retries.attempts_max,
      .budget = load.facts(ExtraLoad::Kind::hedge, settings.budget(), cluster_.settings().cores, now)};
  const HedgeVerdict verdict = decide(facts);
  exchange_.record({.room = "hedge",
                    .verdict = verdict.send ? "sent" : "not_sent",
                    .subject = first_.endpoint,
                    .reason = verdict.reason,
                    .place = cluster_.place()},
                   facts);
  if (!verdict.send) return false;
  // Where the first try went to its endpoint's sibling, both are passed over.
  const std::array tried{first_pool_id_, first_try_.taken_over_by};
  const std::span<const std::uint64_t> all(tried.data(), first_try_.taken_over_by == 0 ? 1 : 2);
  Pool* const other = pick_endpoint(exchange_, cluster_, state_, all);
  if (other == nullptr) return false;
  second_.endpoint = exchange_.upstream_endpoint;
  ++exchange_.attempts;
  load.count_extra(ExtraLoad::Kind::hedge, now);
  exchange_.shard.metrics.hedges.add();
  second_try_ = OneTry{.pool = other,
                       .sibling = state_.sibling_of(*other, all),
                       .head = first_try_.head,
                       .introduction = first_try_.introduction};
  watch(*second_try_, state_, now);
  if (kept) second_try_->body = exchange_.arena.make<FixedBody>(*kept);
  return true;
}

/// One is over: perhaps the other need not go on.
void Race::lane_over() {
  if (fault(Fault::hedge_loser_kept) && second_try_) return;
  // While nothing was sent elsewhere, what the first came to is what the turn came to.
  if (!second_try_) return give_up(second_);
  switch (decide(facts()).outcome) {
    case RaceOutcome::wait:
      return;
    case RaceOutcome::first:
      return give_up(second_);
    case RaceOutcome::second:
      return give_up(first_);
  }
}

void Race::give_up(Lane& lane) {
  if (lane.region != nullptr) lane.region->request(gateway_error(Code::canceled, "another try answered first"));
}

/// How long it took; of one that was given up, that it took at least as long.
void Race::learn(const Lane& lane) const {
  if (const bool heard = lane.outcome->has_value() || lane.outcome->error().code == Code::canceled; !heard) return;
  state_.observe_latency(exchange_.shard.reactor.now() - lane.began);
}

void Race::settle(const Lane& winner) const {
  exchange_.upstream_endpoint = winner.endpoint;
  const bool second = &winner == &second_;
  exchange_.timings.upstream_leased = second ? second_try_->leased : first_try_.leased;
}

RaceFacts Race::facts() const {
  const auto lane = [](const Lane& each) {
    RaceFacts::Lane stand{.over = each.outcome.has_value()};
    if (each.outcome && each.outcome->has_value()) stand.status = (*each.outcome)->head.status;
    return stand;
  };
  return {.first = lane(first_), .second = lane(second_)};
}

std::optional<Duration> Race::hedge_delay() const {
  const HedgeSettings& settings = cluster_.settings().hedge;
  if (!may_hedge_ || !settings.on()) return {};
  return settings.after ? settings.after : state_.usual_latency();
}

}  // namespace weir
