// Two lanes, of which the second begins late or never.
#include "upstream/family_race.h"

#include "base/fault.h"
#include "base/limits.h"
#include "runtime/wait_out.h"

namespace weir {
namespace {

/// The connect came to nothing: nobody was asked, and another address may be.
bool is_failed_connect(const std::optional<Result<Lease>>& outcome) {
  if (!outcome || outcome->has_value()) return false;
  return outcome->error().origin == Origin::upstream && outcome->error().retry == Retry::unsent;
}

}  // namespace

SiblingVerdict decide(const SiblingFacts& facts) {
  if (fault(Fault::family_race_forgotten)) return {SiblingAction::alone, "has_a_connection"};
  if (facts.failed) return {SiblingAction::ask, "failed"};
  const bool opens = facts.first == PoolAction::open || facts.first == PoolAction::replace;
  if (!opens && facts.first != PoolAction::wait) return {SiblingAction::alone, "has_a_connection"};
  if (facts.silent && facts.connecting) return {SiblingAction::ask_instead, "silent_before"};
  if (facts.silent && opens) return {SiblingAction::ask, facts.delay_over ? "silent" : "silent_before"};
  if (!facts.delay_over) return {SiblingAction::wait, "may_be_silent"};
  return opens ? SiblingVerdict{SiblingAction::ask, "silent"} : SiblingVerdict{SiblingAction::alone, "busy"};
}

FamilyRace::FamilyRace(const Cluster& cluster, Exchange& exchange, OneTry& one)
    : cluster_(cluster),
      state_(cluster.state(exchange.shard)),
      exchange_(exchange),
      one_(one),
      scope_(exchange.shard.reactor),
      first_{.pool = one.pool,
             .endpoint = exchange.upstream_endpoint,
             .pool_id = one.pool->id(),
             .fresh_only = one.fresh_only,
             .watched = std::move(one.watched),
             .began = one.began},
      second_{.pool = one.sibling, .endpoint = {}, .pool_id = one.sibling->id()} {}

Task<Result<Lease>> FamilyRace::run() {
  scope_.attach(co_await current_cancellation{});
  first_does_ = decide(first_.pool->facts(first_.fresh_only, one_.introduction)).action;
  const SiblingFacts stand = facts(false);
  const SiblingVerdict verdict = decide(stand);
  if (verdict.action != SiblingAction::ask_instead) scope_.spawn(run_first());
  if (verdict.action != SiblingAction::alone && winner_ == nullptr) scope_.spawn(run_second());
  co_await scope_.join();
  if (winner_ != nullptr) co_return settle(*winner_);
  // Nobody was asked: a sibling that was to be asked instead is gone.
  if (!first_.outcome && !second_.outcome) {
    scope_.spawn(run_first());
    co_await scope_.join();
  }
  co_return settle(second_.outcome ? second_ : first_);
}

Task<void> FamilyRace::run_first() {
  co_await run_lane(first_);
}

Task<void> FamilyRace::run_second() {
  SiblingFacts stand = facts(false);
  if (decide(stand).action == SiblingAction::wait && !first_.outcome) {
    co_await wait_for_turn();
    stand = facts(true);
  }
  const bool settled = first_.outcome && !stand.failed;  // the endpoint's word holds: it is full, or was taken away
  if (winner_ != nullptr || settled || scope_.cancellation().requested()) co_return;
  const SiblingVerdict verdict = decide(stand);
  if (verdict.action == SiblingAction::alone || verdict.action == SiblingAction::wait) co_return;
  second_.pool = state_.find(second_.pool_id);  // it may have gone meanwhile
  if (second_.pool == nullptr) co_return withdraw_first();
  begin_second(verdict, stand);
  co_await run_lane(second_);
}

/// Until the delay is over, or the first lane is.
Task<void> FamilyRace::wait_for_turn() {
  CancellationRegion region(co_await current_cancellation{});
  waiting_ = &region.inner();
  co_await wait_out(exchange_.shard.reactor, limits::connection_attempt_delay).under(region.inner());
  waiting_ = nullptr;
}

/// The name is gone with both its families: nobody is left to race with, and others may be asked.
void FamilyRace::withdraw_first() {
  if (first_.acquire == nullptr || !first_.acquire->opens() || first_.pool->has_seat()) return;
  first_.acquire->withdraw();
}

void FamilyRace::begin_second(const SiblingVerdict& verdict, const SiblingFacts& facts) {
  second_.endpoint = exchange_.arena.copy(second_.pool->text());
  second_.began = exchange_.shard.reactor.now();
  second_.watched = state_.observe(*second_.pool);
  exchange_.record({.room = "family",
                    .verdict = "asked",
                    .subject = second_.endpoint,
                    .reason = verdict.reason,
                    .place = cluster_.place()},
                   facts);
}

Task<void> FamilyRace::run_lane(Lane& lane) {
  CancellationRegion region(co_await current_cancellation{});
  lane.region = &region.inner();
  co_await acquire(lane).under(region.inner());
  lane.region = nullptr;
  lane_over(lane);
}

Task<void> FamilyRace::acquire(Lane& lane) {
  Pool::Acquire acquire(*lane.pool, cluster_.timeouts(), lane.fresh_only, one_.introduction);
  lane.acquire = &acquire;
  lane.outcome.emplace(co_await acquire);
  lane.acquire = nullptr;
  lane.withdrawn = acquire.withdrawn();
  record_lease(exchange_, cluster_, acquire.facts(), lane.endpoint);
}

void FamilyRace::lane_over(Lane& lane) {
  if (waiting_ != nullptr) waiting_->request(gateway_error(Code::canceled));
  if (!lane.outcome->has_value()) return;
  if (winner_ != nullptr) {  // both came in one turn
    (*lane.outcome)->mark_healthy();
    (*lane.outcome)->drop();
    return;
  }
  winner_ = &lane;
  Lane& loser = &lane == &first_ ? second_ : first_;
  if (&loser == &first_ && loser.acquire != nullptr) loser.acquire->lost_race();
  if (loser.region != nullptr) loser.region->request(gateway_error(Code::canceled, "the other family was there first"));
}

/// The try is the lane's from now on.
Result<Lease> FamilyRace::settle(Lane& lane) {
  Reactor& reactor = exchange_.shard.reactor;
  if (&lane == &second_) {
    if (is_failed_connect(first_.outcome)) {
      first_.watched.failed(first_.outcome->error(), exchange_, false, reactor.now() - first_.began);
    }
    one_.pool = lane.pool;
    one_.taken_over_by = lane.pool_id;
  }
  one_.endpoint = exchange_.upstream_endpoint = lane.endpoint;
  one_.watched = std::move(lane.watched);
  one_.began = lane.began;
  if (!lane.outcome->has_value()) {
    const Error error = lane.outcome->error();
    return fail(lease_failed(exchange_, cluster_, lane.withdrawn, error, one_));
  }
  return std::move(*lane.outcome);
}

SiblingFacts FamilyRace::facts(bool delay_over) const {
  SiblingFacts facts{.first = first_does_, .delay_over = delay_over, .failed = is_failed_connect(first_.outcome)};
  if (first_.outcome) return facts;  // its pool may be gone
  // The connection that is being opened for this very try is no other's.
  const std::uint32_t own = first_.acquire != nullptr && first_.acquire->opens() ? 1 : 0;
  facts.silent = first_.pool->silent();
  facts.connecting = first_.pool->connecting() > own;
  return facts;
}

}  // namespace weir
