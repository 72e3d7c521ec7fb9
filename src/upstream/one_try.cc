// Asking the balancer and the pool, and sending.
#include "upstream/one_try.h"

#include "contracts/selector.h"
#include "upstream/cluster_state.h"
#include "upstream/family_race.h"
#include "upstream/held_answer.h"
#include "upstream/recorded_pick.h"

namespace weir {
namespace {

/// Said only when somebody is left out, or nobody although somebody should be.
void record_health(Exchange& exchange, const Cluster& cluster, const ClusterState& state) {
  const GroupVerdict& verdict = state.health().verdict();
  if (verdict.use == GroupUse::all) return;
  exchange.record({.room = "health",
                   .verdict = name_of(verdict.use),
                   .subject = state.name(),
                   .reason = verdict.reason,
                   .place = cluster.place()},
                  state.health().group());
}

Task<Result<Lease>> lease_alone(const Cluster& cluster, Exchange& exchange, OneTry& one) {
  Pool::Acquire acquire(*one.pool, cluster.timeouts(), one.fresh_only, one.introduction);
  Result<Lease> lease = co_await acquire;
  record_lease(exchange, cluster, acquire.facts(), exchange.upstream_endpoint);
  if (!lease) co_return fail(lease_failed(exchange, cluster, acquire.withdrawn(), lease.error(), one));
  co_return lease;
}

Task<Result<Lease>> lease_of_family(const Cluster& cluster, Exchange& exchange, OneTry& one) {
  FamilyRace race(cluster, exchange, one);
  co_return co_await race.run();
}

/// A server of another zone was picked.
void record_spill(Exchange& exchange, const Cluster& cluster, const ClusterState& state, std::string_view reason) {
  exchange.record(
      {.room = "zone",
       .verdict = "left",
       .subject = exchange.arena.copy(cluster.settings().zone),
       .reason = reason,
       .place = cluster.place(),
       .facts = exchange.keeps_facts() ? pack(state.last_pick(), state.roster_rules(), exchange.arena) : ""});
}

/// What the server that was picked had said of itself.
void record_report(Exchange& exchange, const Cluster& cluster, const ProbeFacts& report) {
  exchange.record(
      {.room = "report",
       .verdict = "heard",
       .subject = exchange.upstream_endpoint,
       .reason = {},
       .place = cluster.place()},
      HeardReport{
          .load = report.load, .latency_us = report.latency_us, .age = exchange.shard.reactor.now() - report.heard_at});
}

}  // namespace

void watch(OneTry& one, const ClusterState& state, Time now) {
  one.watched = state.observe(*one.pool);
  one.began = now;
}

void tell_health(Exchange& exchange, OneTry& one, const Result<Answer>& answer) {
  const Time now = exchange.shard.reactor.now();
  if (answer) return one.watched.answered(exchange, answer->head.status, now - one.leased);
  one.watched.failed(answer.error(), exchange, one.reused_connection, now - one.began);
}

Error no_endpoint(const ClusterState& state) {
  const bool taken_out = state.health().verdict().reason == "taken_out_by_operator";
  return gateway_error(Code::no_endpoint,
                       taken_out ? "every endpoint is drained or disabled by an operator" : "no endpoint is healthy");
}

Pool* pick_endpoint(Exchange& exchange, const Cluster& cluster, ClusterState& state,
                    std::span<const std::uint64_t> tried) {
  std::string_view reason;
  const PickRequest request{.tried = tried, .key = cluster.balancer().key_of(selector_facts(exchange), exchange.arena)};
  Pool* pool = state.pick(cluster.balancer(), request, reason);
  record_health(exchange, cluster, state);
  if (pool == nullptr) return nullptr;
  // The pool may be gone before the exchange's finishers read this.
  exchange.upstream_endpoint = exchange.arena.copy(pool->text());
  exchange.record(
      {.room = "balance",
       .verdict = "picked",
       .subject = exchange.upstream_endpoint,
       .reason = reason,
       .place = cluster.place(),
       .facts = exchange.keeps_facts() ? pack(state.last_pick(), state.roster_rules(), exchange.arena) : ""});
  if (const std::string_view why = state.last_spill(); !why.empty()) [[unlikely]]
    record_spill(exchange, cluster, state, why);
  if (const ProbeFacts* report = state.last_report()) [[unlikely]]
    record_report(exchange, cluster, *report);
  state.after_pick(exchange.snapshot);
  return pool;
}

void record_lease(Exchange& exchange, const Cluster& cluster, const PoolFacts& facts, std::string_view endpoint) {
  const PoolVerdict verdict = decide(facts);
  exchange.record({.room = "pool",
                   .verdict = name_of(verdict.action),
                   .subject = endpoint,
                   .reason = verdict.reason,
                   .place = cluster.place()},
                  facts);
}

ClientSession& note_lease(Exchange& exchange, const Lease& lease, OneTry& one) {
  ClientSession& session = lease.session();
  one.reused_connection = session.exchanges_carried() > 0;
  one.leased = exchange.timings.upstream_leased = exchange.shard.reactor.now();
  return session;
}

Error lease_failed(Exchange& exchange, const Cluster& cluster, const std::optional<PoolFacts>& withdrawn, Error error,
                   OneTry& one) {
  one.reused_connection = false;
  one.withdrawn = withdrawn.has_value();
  if (withdrawn) record_lease(exchange, cluster, *withdrawn, exchange.upstream_endpoint);
  // Whatever ended the wait, nothing was sent.
  if (error.code == Code::attempt_timeout) error.retry = Retry::unsent;
  return error;
}

Reply try_once(const Cluster& cluster, Exchange& exchange, OneTry& one) {
  CO_TRY(Lease lease, one.sibling != nullptr ? co_await lease_of_family(cluster, exchange, one)
                                             : co_await lease_alone(cluster, exchange, one));
  ClientSession& session = note_lease(exchange, lease, one);
  Result<Answer> answer = co_await session.send(exchange, *one.head, one.body, cluster.timeouts(), std::move(lease));
  const bool uploads = exchange.scope.running() > 0;
  if (!answer || !is_held(*answer, cluster.settings().retries.answer_bytes_max, uploads)) co_return answer;
  // It has answered: whatever happens now, it was not stale.
  one.reused_connection = fault(Fault::held_answer_called_stale);
  CO_TRY_VOID(co_await hold(exchange, *answer));
  co_return answer;
}

}  // namespace weir
