// The loop around one request: ask the balancer, the pool and the retry table, and write down what they said.
#include "upstream/attempt.h"

#include "contracts/selector.h"
#include "upstream/cluster_state.h"
#include "upstream/recorded_pick.h"
#include "upstream/replay_body.h"
#include "upstream/retry.h"

namespace weir {
namespace {

/// Wraps the request's body, if there is one, so that a second attempt can begin it again.
ReplayBody* make_replayable(Exchange& exchange, bool idempotent) {
  if (exchange.request_body == nullptr) return nullptr;
  // What must not be sent twice is kept by nobody: such a body can be begun again only while nothing of it was pulled.
  const ByteCount keep_max = idempotent ? limits::replay_bytes : 0;
  auto* replayable = exchange.arena.make<ReplayBody>(std::move(exchange.request_body), keep_max);
  exchange.request_body = BodyPointer(replayable);
  return replayable;
}

/// What one attempt came to know that the next one needs.
struct Outcome {
  Error error;
  std::uint64_t pool_id = 0;
  bool reused_connection = false;
};

RetryVerdict decide_retry(Exchange& exchange, const Cluster& cluster, const ClusterState& state, const Outcome& outcome,
                          bool idempotent, const ReplayBody* body) {
  const RetryFacts facts{.error = outcome.error,
                         .idempotent = idempotent,
                         .attempts_made = exchange.attempts,
                         .attempts_max = cluster.settings().attempts_max,
                         .reused_connection = outcome.reused_connection,
                         .body_replayable = body == nullptr || body->replayable(),
                         // A reload may have left names that are being resolved: one will come.
                         .other_endpoint = !state.ready() || state.has_other_than(outcome.pool_id)};
  const RetryVerdict verdict = decide(facts);
  exchange.record({.room = "retry",
                   .verdict = name_of(verdict.action),
                   .subject = name_of(outcome.error.code),
                   .reason = verdict.reason,
                   .place = cluster.place()},
                  facts);
  return verdict;
}

Pool* pick(Exchange& exchange, const Cluster& cluster, ClusterState& state, std::uint64_t avoid) {
  std::string_view reason;
  const PickRequest request{.tried = {&avoid, avoid == 0 ? 0U : 1U},
                            .key = cluster.balancer().key_of(selector_facts(exchange), exchange.arena)};
  Pool* pool = state.pick(cluster.balancer(), request, reason);
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
  return pool;
}

void record_lease(Exchange& exchange, const Cluster& cluster, const PoolFacts& facts) {
  const PoolVerdict verdict = decide(facts);
  exchange.record({.room = "pool",
                   .verdict = name_of(verdict.action),
                   .subject = exchange.upstream_endpoint,
                   .reason = verdict.reason,
                   .place = cluster.place()},
                  facts);
}

}  // namespace

Reply send_to(const Cluster& cluster, Exchange& exchange, const RequestHead& head) {
  ClusterState& state = cluster.state(exchange.shard);
  exchange.upstream_name = state.name();
  const bool idempotent = is_idempotent(head.method);
  ReplayBody* const body = make_replayable(exchange, idempotent);
  RetryAction action = RetryAction::other_endpoint;
  Outcome outcome;
  while (true) {
    if (!state.ready()) CO_TRY_VOID(co_await ClusterState::Resolved(state, cluster.timeouts().connect));
    const bool fresh_only = action == RetryAction::fresh_connection;
    Pool* pool = fresh_only ? state.find(outcome.pool_id) : nullptr;
    if (pool == nullptr) pool = pick(exchange, cluster, state, outcome.pool_id);
    if (pool == nullptr) co_return fail(gateway_error(Code::no_endpoint));
    outcome.pool_id = pool->id();
    ++exchange.attempts;

    Pool::Acquire acquire(*pool, cluster.timeouts(), fresh_only);
    Result<Lease> lease = co_await acquire;
    record_lease(exchange, cluster, acquire.facts());
    if (lease) {
      ClientSession& session = lease->session();
      outcome.reused_connection = session.exchanges_carried() > 0;
      exchange.timings.upstream_leased = exchange.shard.reactor.now();
      Result<Answer> answer = co_await session.send(exchange, head, body, cluster.timeouts(), std::move(*lease));
      if (answer) {
        exchange.timings.upstream_head = exchange.shard.reactor.now();
        if (body != nullptr) body->forget();
        co_return answer;
      }
      outcome.error = answer.error();
    } else {
      outcome.reused_connection = false;
      outcome.error = lease.error();
      // A reload took the endpoint away while we stood in its line: nobody was asked, nothing was tried.
      if (decide(acquire.facts()).action == PoolAction::wait && outcome.error.code == Code::no_endpoint)
        --exchange.attempts;
    }

    action = decide_retry(exchange, cluster, state, outcome, idempotent, body).action;
    if (action == RetryAction::give_up) co_return fail(outcome.error);
    if (body != nullptr) body->rewind();
    exchange.shard.metrics.retries.add();
  }
}

}  // namespace weir
