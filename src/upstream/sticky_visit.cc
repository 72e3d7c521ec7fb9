// From the cookie to the endpoint, and back.
#include "upstream/sticky_visit.h"

namespace weir {

StickyVisit::StickyVisit(const StickyRule& rule, Exchange& exchange, Place cluster_place)
    : rule_(rule),
      exchange_(exchange),
      place_(cluster_place),
      read_(rule.read(exchange.request.fields, exchange.shard.reactor.wall_now())) {
  if (read_.cookie == StickyCookie::foreign) counts().foreign.add();
}

StickyFacts StickyVisit::facts(const ClusterState& state, std::optional<std::uint32_t> number,
                               std::uint64_t failed_pool) const {
  if (!number) return rule_.facts(read_, {});
  return rule_.facts(read_, StickyEndpoint{.facts = state.endpoints()[*number],
                                           .draining = state.health().standing(*number) == EndpointStanding::draining,
                                           .failed = state.pool_of(*number).id() == failed_pool});
}

Pool* StickyVisit::choose(ClusterState& state, std::uint64_t failed_pool) {
  state.look_at_health();
  std::optional<std::uint32_t> number;
  if (read_.cookie == StickyCookie::good) number = state.sticky_ids().find(read_.key, read_.endpoint);
  const StickyFacts known = facts(state, number, failed_pool);
  verdict_ = decide(known);
  Pool* const pool = stays() ? &state.pool_of(*number) : nullptr;
  // The pool may be gone before the exchange's finishers read this.
  if (pool != nullptr) exchange_.upstream_endpoint = exchange_.arena.copy(pool->text());
  exchange_.record({.room = "sticky",
                    .verdict = name_of(verdict_.action),
                    .subject = pool != nullptr ? exchange_.upstream_endpoint : std::string_view(rule_.cookie_name()),
                    .reason = verdict_.reason,
                    .place = place_},
                   known);
  count();
  return pool;
}

void StickyVisit::count() const {
  if (read_.cookie != StickyCookie::good) return;
  switch (verdict_.action) {
    case StickyAction::keep:
      return counts().kept.add();
    case StickyAction::pick:
      return counts().moved.add();
    case StickyAction::refuse:
      return counts().refused.add();
  }
}

Error StickyVisit::refusal() {
  return gateway_error(Code::no_endpoint, "the server that knows this client is not there");
}

/// A shared cache that kept the answer would send all its clients to one endpoint (RFC 9111 section 7.3).
void StickyVisit::remember(Answer& answer) const {
  const std::string_view address = exchange_.upstream_endpoint;
  const bool same = read_.cookie == StickyCookie::good && rule_.keys().id_of(read_.key, address) == read_.endpoint;
  if (same && !verdict_.renew) return;
  const bool encrypted = exchange_.connection.secured;
  const std::string cookie = rule_.write(address, exchange_.shard.reactor.wall_now(), encrypted);
  answer.head.fields.append(FieldName::set_cookie, exchange_.arena.copy(cookie));
  answer.head.fields.append(FieldName::cache_control, "private");
}

}  // namespace weir
