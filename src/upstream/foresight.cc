// The cookie is asked first, as in upstream/attempt.cc; then the policy.
#include "upstream/foresight.h"

#include <algorithm>

namespace weir {
namespace {

/// Which endpoint the policy takes for the key.
std::optional<Pick> pick_for(const Balancer& balancer, const Lineup& lineup, std::uint64_t key,
                             std::span<const std::uint32_t> tried) {
  Roster roster;
  roster.make(lineup.endpoints, lineup.rules);
  PickFacts facts = lineup.facts();
  facts.key = key;
  facts.keyed = true;
  facts.tried = tried;
  return pick(balancer, roster, facts);
}

/// The same endpoints as if nothing had ever been wrong with any, and nobody were busy.
Lineup all_well(const Lineup& lineup) {
  Lineup well = lineup;
  well.level = 0;
  for (EndpointFacts& each : well.endpoints) {
    each.available = true;
    each.ejected = false;
    each.drained = false;
    each.in_flight = 0;
  }
  return well;
}

/// Those to whom first tries go, by number.
std::vector<std::uint32_t> candidates_of(const Lineup& lineup) {
  Roster roster;
  roster.make(lineup.endpoints, lineup.rules);
  std::vector<std::uint32_t> all;
  for (std::size_t at = 0; at < roster.groups().size(); ++at) {
    const EndpointGroup& group = roster.groups()[at];
    if (roster.takes_traffic(at)) all.insert(all.end(), group.members.begin(), group.members.end());
  }
  std::ranges::sort(all);
  return all;
}

/// The endpoint after this one, which was asked in vain; nothing when there is no other.
std::optional<std::uint32_t> second_try(const Balancer& balancer, const Lineup& lineup, std::uint64_t key,
                                        std::uint32_t first) {
  const std::optional<Pick> second = pick_for(balancer, lineup, key, {&first, 1});
  return second && second->endpoint != first ? std::optional(second->endpoint) : std::nullopt;
}

void ask_for_key(const Balancer& balancer, const Lineup& lineup, std::uint64_t key, Foresight& out) {
  const std::optional<Pick> now = pick_for(balancer, lineup, key, {});
  if (!now) return;
  out.by = Foresight::By::key;
  out.reason = now->reason;
  out.endpoint = now->endpoint;
  out.second = second_try(balancer, lineup, key, now->endpoint);
  const std::optional<Pick> own = pick_for(balancer, all_well(lineup), key, {});
  if (own && own->endpoint != now->endpoint) out.own = own->endpoint;
}

void ask_balancer(const Balancer& balancer, const Lineup& lineup, const ForeseenRequest& request, Foresight& out) {
  out.candidates = candidates_of(lineup);
  out.reason = lineup.verdict.reason;
  if (out.candidates.empty()) return;
  const PickBasis basis = balancer.basis();
  const bool by_key = basis == PickBasis::key || basis == PickBasis::key_and_load;
  if (by_key && request.key) {
    out.candidates.clear();
    return ask_for_key(balancer, lineup, *request.key, out);
  }
  if (out.candidates.size() == 1) {
    out.by = Foresight::By::only;
    out.reason = "only_one";
    out.endpoint = out.candidates.front();
    out.candidates.clear();
    return;
  }
  out.by = Foresight::By::open;
  out.reason = by_key ? "no_key" : balancer.name();
}

/// \returns  whether it settles where the request goes
bool ask_cookie(const StickyRule& rule, const Lineup& lineup, const StickyRule::Read& cookie, Foresight& out) {
  std::optional<StickyEndpoint> named;
  if (cookie.cookie == StickyCookie::good) {
    const std::vector<std::string_view> names(lineup.names.begin(), lineup.names.end());
    StickyIds ids;
    ids.make(rule.keys(), names);
    out.remembered = ids.find(cookie.key, cookie.endpoint);
  }
  if (out.remembered) {
    named = {.facts = lineup.endpoints[*out.remembered],
             .draining = lineup.standings[*out.remembered] == EndpointStanding::draining};
  }
  out.sticky = decide(rule.facts(cookie, named));
  if (out.sticky->action == StickyAction::pick) return false;
  const bool stays = out.sticky->action == StickyAction::keep;
  out.by = stays ? Foresight::By::cookie : Foresight::By::refusal;
  out.reason = out.sticky->reason;
  if (stays) out.endpoint = out.remembered;
  return true;
}

}  // namespace

Foresight foresee(const Balancer& balancer, const StickyRule* sticky, const Lineup& lineup,
                  const ForeseenRequest& request) {
  Foresight out;
  if (sticky != nullptr && ask_cookie(*sticky, lineup, request.cookie, out)) return out;
  ask_balancer(balancer, lineup, request, out);
  return out;
}

}  // namespace weir
