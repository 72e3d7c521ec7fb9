// The loop around one request: ask the balancer, the pool and the retry table, and write down what they said.
#include "upstream/attempt.h"

#include <algorithm>
#include <array>

#include "contracts/proxied.h"
#include "http/retry_after.h"
#include "upstream/cluster_state.h"
#include "upstream/deadline.h"
#include "upstream/forget_answer.h"
#include "upstream/introduction.h"
#include "upstream/one_try.h"
#include "upstream/race.h"
#include "upstream/replay_body.h"
#include "upstream/retry.h"
#include "upstream/sticky_visit.h"

namespace weir {
namespace {

/// Wraps the request's body, if there is one, so that a second attempt can begin it again.
ReplayBody* make_replayable(Exchange& exchange, const RetrySettings& settings, bool repeatable) {
  if (exchange.request_body == nullptr) return nullptr;
  // What must not be sent twice is kept by nobody: such a body can be begun again only while nothing of it was pulled.
  const ByteCount keep_max = repeatable ? settings.body_bytes_max : 0;
  auto* replayable =
      exchange.arena.make<ReplayBody>(exchange.shard.reactor, std::move(exchange.request_body), keep_max);
  exchange.request_body = BodyPointer(replayable);
  return replayable;
}

/// What one attempt came to know that the next one needs.
struct Outcome {
  Error error;        ///< where there was no answer
  Status status = 0;  ///< of an answer that is tried again
  Duration retry_after = no_limit;
  std::uint64_t pool_id = 0;
  bool reused_connection = false;
};

bool is_retried_status(const RetrySettings& settings, Status status) {
  return std::ranges::find(settings.statuses, status) != settings.statuses.end();
}

Duration time_left(const Exchange& exchange) {
  return weir::time_left(exchange.shard.reactor.now(), exchange.deadline());
}

/// Pools that the request had, the last one at the end.
class Tried {
 public:
  void add(std::uint64_t pool_id) {
    if (count_ == ids_.size()) {
      std::ranges::rotate(ids_, ids_.begin() + 1);
      --count_;
    }
    ids_[count_++] = pool_id;
  }
  [[nodiscard]] std::span<const std::uint64_t> ids() const { return {ids_.data(), count_}; }

 private:
  std::array<std::uint64_t, 10> ids_{};  // retries.attempts allows no more
  std::size_t count_ = 0;
};

/// The request on its way through its attempts.
struct Attempts {
  const Cluster& cluster;
  ClusterState& state;
  Exchange& exchange;
  ReplayBody* body;
  bool repeatable;
  const StickyVisit* visit;  ///< null: clients of this upstream need not come back
  Outcome last{};
  RetryVerdict next{.action = RetryAction::other_endpoint};
  Tried tried{};

  [[nodiscard]] const RetrySettings& settings() const { return cluster.settings().retries; }

  void note(const OneTry& one) {
    last.reused_connection = one.reused_connection;
    if (one.taken_over_by != 0) {
      last.pool_id = one.taken_over_by;
      tried.add(one.taken_over_by);
    }
    if (one.withdrawn) --exchange.attempts;
  }

  /// Whether what the attempt came to is what the request came to; if not, `next` says how it goes on.
  bool settled(const Result<Answer>& answer) {
    if (answer) {
      exchange.timings.upstream_head = exchange.shard.reactor.now();
      if (state.learns()) [[unlikely]]
        learn(answer->head);
      if (settings().statuses.empty() || !is_retried_status(settings(), answer->head.status)) return done();
      last.status = answer->head.status;
      last.retry_after =
          parse_retry_after(answer->head.fields.get(FieldName::retry_after), exchange.shard.reactor.wall_now())
              .value_or(no_limit);
    } else {
      last.error = answer.error();
    }
    decide_next();
    if (next.action == RetryAction::give_up) return !answer || done();
    if (answer) forget_answer(*answer);
    if (body != nullptr) body->rewind();
    exchange.shard.metrics.retries.add();
    return false;
  }

 private:
  /// What the balancer makes of an answer. A reload may have taken the endpoint and its pool away; and of a race that
  /// the second won nothing is learnt about the first.
  void learn(const ResponseHead& head) {
    const Pool* pool = state.find(last.pool_id);
    if (pool == nullptr || pool->text() != exchange.upstream_endpoint) return;
    state.learn(*pool, exchange.timings.upstream_head - exchange.timings.upstream_leased, head);
  }

  /// An answer is there: nothing will be sent again.
  bool done() {
    if (body != nullptr) body->forget();
    return true;
  }

  void decide_next() {
    ShardMetrics& metrics = exchange.shard.metrics;
    const RetryFacts known = facts();
    next = decide(known);
    exchange.record({.room = "retry",
                     .verdict = name_of(next.action),
                     .subject = last.status != 0 ? "retried_status" : name_of(last.error.code),
                     .reason = next.reason,
                     .place = cluster.place()},
                    known);
    if (next.counted) state.extra_load().count_extra(ExtraLoad::Kind::retry, exchange.shard.reactor.now());
    if (next.reason == retry_budget_used_up) metrics.retries_over_budget.add();
  }

  [[nodiscard]] bool bound() const { return visit != nullptr && visit->bound(); }

  RetryFacts facts() {
    Reactor& reactor = exchange.shard.reactor;
    return {.error = last.error,
            .status = last.status,
            .repeatable = repeatable,
            .on_connect = settings().on_connect,
            .on_reset = settings().on_reset,
            .on_timeout = settings().on_timeout,
            .reused_connection = last.reused_connection,
            .body_replayable = body == nullptr || body->replayable(),
            .upload_running = exchange.scope.running() > 0,
            // A reload may have left names that are being resolved: one will come.
            .other_endpoint = !state.ready() || (!bound() && state.has_other_than(tried.ids())),
            .attempts_made = exchange.attempts,
            .attempts_max = settings().attempts_max,
            .budget = state.extra_load().facts(ExtraLoad::Kind::retry, settings().budget, cluster.settings().cores,
                                               reactor.now()),
            .time_left = time_left(exchange),
            .retry_after = last.retry_after,
            .retry_after_max = settings().retry_after_max,
            .back_off_first = settings().back_off_first,
            .back_off_max = settings().back_off_max,
            .draw = reactor.random().next()};
  }
};

/// What connections for the request begin with; usually nothing.
std::string_view introduction_to(const Cluster& cluster, Exchange& exchange) {
  const auto version = cluster.settings().introduction;
  if (!version) return {};
  const proxy_protocol::Facts* const said = ProxiedConnections::of(exchange.shard).find(exchange.connection);
  return introduction_of(exchange.connection, said, *version, exchange.arena);
}

/// A second try beside this one is right when the request may be repeated and the client waits for one answer only.
bool may_be_hedged(const Exchange& exchange, const RequestHead& head, bool repeatable) {
  return repeatable && head.upgrade.empty() && !exchange.expectation_forwarded;
}

/// \param visit  of a client that comes back to its endpoint; null: the balancer is asked
Reply try_until_answered(const Cluster& cluster, Exchange& exchange, const RequestHead& head, StickyVisit* visit) {
  ClusterState& state = cluster.state(exchange.shard);
  Reactor& reactor = exchange.shard.reactor;
  exchange.upstream_name = state.name();
  state.extra_load().count_request(reactor.now());
  const bool repeatable = may_be_repeated(cluster.settings().retries, head.method_text, is_idempotent(head.method));
  ReplayBody* const body = make_replayable(exchange, cluster.settings().retries, repeatable);
  const std::string_view introduction = introduction_to(cluster, exchange);
  Attempts attempts{
      .cluster = cluster, .state = state, .exchange = exchange, .body = body, .repeatable = repeatable, .visit = visit};
  while (true) {
    if (!state.ready()) CO_TRY_VOID(co_await ClusterState::Resolved(state, cluster.timeouts().connect));
    OneTry one{.fresh_only = attempts.next.action == RetryAction::fresh_connection,
               .head = &head,
               .body = body,
               .introduction = introduction};
    if (one.fresh_only) one.pool = state.find(attempts.last.pool_id);
    if (visit != nullptr && one.pool == nullptr) [[unlikely]] {
      one.pool = visit->choose(state, attempts.last.pool_id);
      if (visit->refused()) co_return fail(StickyVisit::refusal());
    }
    if (one.pool == nullptr) one.pool = pick_endpoint(exchange, cluster, state, attempts.tried.ids());
    if (one.pool == nullptr) co_return fail(no_endpoint(state));
    watch(one, state, reactor.now());
    if (visit == nullptr || !visit->stays()) one.sibling = state.sibling_of(*one.pool, attempts.tried.ids());
    attempts.last = {.pool_id = one.pool->id()};
    attempts.tried.add(one.pool->id());
    ++exchange.attempts;
    if (exchange.deadline() != never) [[unlikely]] {
      one.head = tell_time_left(head, time_left(exchange), cluster.settings().deadline_field, exchange.arena);
    }

    if (cluster.races()) [[unlikely]] {
      const bool may_hedge = may_be_hedged(exchange, head, repeatable) && (visit == nullptr || !visit->stays());
      Race race(cluster, state, exchange, one, body, may_hedge);
      Result<Answer> answer = co_await race.run();
      attempts.note(one);
      if (attempts.settled(answer)) co_return answer;
    } else if (one.sibling != nullptr) [[unlikely]] {
      Result<Answer> answer = co_await try_once(cluster, exchange, one);
      attempts.note(one);
      tell_health(exchange, one, answer);
      if (attempts.settled(answer)) co_return answer;
    } else {
      // What try_once() does, without a frame of its own: here nearly all requests pass.
      Pool::Acquire acquire(*one.pool, cluster.timeouts(), one.fresh_only, introduction);
      Result<Lease> lease = co_await acquire;
      record_lease(exchange, cluster, acquire.facts(), exchange.upstream_endpoint);
      if (lease) {
        ClientSession& session = note_lease(exchange, *lease, one);
        Result<Answer> answer = co_await session.send(exchange, *one.head, body, cluster.timeouts(), std::move(*lease));
        attempts.note(one);
        tell_health(exchange, one, answer);
        if (attempts.settled(answer)) co_return answer;
      } else {
        const Error error = lease_failed(exchange, cluster, acquire.withdrawn(), lease.error(), one);
        attempts.note(one);
        tell_health(exchange, one, fail(error));
        if (attempts.settled(fail(error))) co_return fail(error);
      }
    }
    if (attempts.next.wait > Duration::zero()) CO_TRY_VOID(co_await Sleep(reactor, attempts.next.wait));
  }
}

/// The same with a breaker and a bulkhead in front. The breaker comes first: what it refuses takes no place.
Reply try_protected(const Cluster& cluster, Exchange& exchange, const RequestHead& head, StickyVisit* visit) {
  const ClusterSettings& settings = cluster.settings();
  exchange.upstream_name = cluster.state(exchange.shard).name();
  CircuitBreaker::Pass* pass = nullptr;
  Bulkhead::Permit* permit = nullptr;
  if (settings.circuit_breaker) {
    CO_TRY(pass, settings.circuit_breaker->enter(exchange));
  }
  if (settings.concurrency) {
    CO_TRY(permit, co_await settings.concurrency->enter(exchange));
  }
  Result<Answer> answer = co_await try_until_answered(cluster, exchange, head, visit);
  if (permit != nullptr) permit->answered(answer);
  if (pass != nullptr) pass->settle(exchange, answer);
  co_return answer;
}

Reply try_alike(const Cluster& cluster, Exchange& exchange, const RequestHead& head, StickyVisit* visit) {
  const ClusterSettings& settings = cluster.settings();
  const bool protected_by_any = settings.circuit_breaker || settings.concurrency;
  return protected_by_any ? try_protected(cluster, exchange, head, visit)
                          : try_until_answered(cluster, exchange, head, visit);
}

/// The same for clients that come back to their endpoint by a cookie.
Reply try_sticky(const Cluster& cluster, Exchange& exchange, const RequestHead& head) {
  StickyVisit visit(*cluster.settings().sticky, exchange, cluster.place());
  Result<Answer> answer = co_await try_alike(cluster, exchange, head, &visit);
  if (answer) visit.remember(*answer);
  co_return answer;
}

}  // namespace

Reply send_to(const Cluster& cluster, Exchange& exchange, const RequestHead& head) {
  const bool sticky = cluster.settings().sticky != nullptr;
  return sticky ? try_sticky(cluster, exchange, head) : try_alike(cluster, exchange, head, nullptr);
}

}  // namespace weir
