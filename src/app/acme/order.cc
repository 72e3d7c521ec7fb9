// The order's state first, then its authorizations from the first to the last.
#include "app/acme/order.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::acme {
namespace {

Step give_up(std::string why) {
  return {.act = Act::give_up, .why = std::move(why)};
}

/// Why an authorization failed: one of its challenges says so.
std::string failure_of(const Authorization& authorization) {
  for (const Challenge& challenge : authorization.challenges) {
    if (challenge.error)
      return fmt::format("{} ({}): {}", authorization.name, challenge.type, text_of(*challenge.error));
  }
  return fmt::format("{}: the authorization is {}", authorization.name, name_of(authorization.status));
}

std::optional<std::size_t> challenge_of(const Authorization& authorization, ChallengeKind kind) {
  for (std::size_t at = 0; at < authorization.challenges.size(); ++at) {
    const Challenge& challenge = authorization.challenges[at];
    if (challenge.type == name_of(kind) && !challenge.token.empty()) return at;
  }
  return {};
}

/// What one authorization still needs; nothing when it is valid.
std::optional<Step> step_for(const AuthorizationView& view, std::size_t at, ChallengeKind kind) {
  if (!view.said) return Step{.act = Act::ask_authorization, .at = at};
  const Authorization& said = *view.said;
  if (said.status == Status::valid) return {};
  if (said.status != Status::pending) return give_up(failure_of(said));
  const auto challenge = challenge_of(said, kind);
  if (!challenge) {
    return give_up(fmt::format("{}: the authority does not offer the challenge {}", said.name, name_of(kind)));
  }
  if (said.challenges[*challenge].status == Status::invalid) return give_up(failure_of(said));
  if (view.answered) return Step{.act = Act::await_authorization, .at = at};
  return Step{.act = Act::answer_challenge, .at = at, .challenge = *challenge};
}

Step step_of_authorizations(const OrderView& view, ChallengeKind kind) {
  std::optional<Step> waits;
  for (std::size_t at = 0; at < view.authorizations.size(); ++at) {
    std::optional<Step> step = step_for(view.authorizations[at], at, kind);
    if (!step) continue;
    // All challenges stand before any is waited for: an authority looks at them side by side.
    if (step->act != Act::await_authorization) return *step;
    if (!waits) waits = std::move(step);
  }
  return waits ? *waits : Step{.act = Act::await_order};
}

}  // namespace

std::string_view name_of(ChallengeKind kind) {
  return kind == ChallengeKind::http_01 ? "http-01" : "tls-alpn-01";
}

Step next_step(const OrderView& view, ChallengeKind kind) {
  const Order& order = view.order;
  switch (order.status) {
    case Status::pending:
      return step_of_authorizations(view, kind);
    case Status::ready:
      return {.act = view.finalized ? Act::await_order : Act::finalize};
    case Status::processing:
      return {.act = Act::await_order};
    case Status::valid:
      if (!order.certificate.empty()) return {.act = Act::download};
      return give_up("the order is valid, but names no certificate");
    default:
      break;
  }
  if (order.error) return give_up(text_of(*order.error));
  for (const AuthorizationView& each : view.authorizations) {
    const bool failed = each.said && each.said->status != Status::valid && each.said->status != Status::pending;
    if (failed) return give_up(failure_of(*each.said));
  }
  return give_up(fmt::format("the order is {}", name_of(order.status)));
}

}  // namespace weir::acme
