// The ring and its step.
#include "balancers/round_robin/round_robin.h"

#include "contracts/schema.h"

namespace weir {
namespace {

std::uint32_t whose_turn(const EndpointGroup& group, std::uint64_t turn) {
  if (group.upto.empty()) return group.members[turn % group.members.size()];
  const std::uint64_t round = turn % group.weight_sum;
  if (group.weight_sum <= UINT32_MAX) return group.member_at(round * group.step % group.weight_sum);
  const auto walked = static_cast<unsigned __int128>(round) * group.step;
  return group.member_at(static_cast<std::uint64_t>(walked % group.weight_sum));
}

}  // namespace

std::optional<Pick> RoundRobin::pick(const PickFacts& facts) const {
  const EndpointGroup& group = *facts.group;
  const std::uint32_t next = whose_turn(group, facts.turn);
  if (facts.tried.empty() || !facts.was_tried(next)) return Pick{.endpoint = next, .reason = "round_robin"};
  // The one behind it: a request that was tried elsewhere does not disturb the others' turns.
  const auto at = static_cast<std::size_t>(std::ranges::lower_bound(group.members, next) - group.members.begin());
  for (std::size_t step = 1; step < group.members.size(); ++step) {
    const std::uint32_t other = group.members[(at + step) % group.members.size()];
    if (!facts.was_tried(other)) return Pick{.endpoint = other, .reason = "round_robin"};
  }
  return {};
}

namespace {

struct NoOptions {
  static const Schema<NoOptions>& schema() {
    static const auto schema = Schema<NoOptions>("round_robin", "Endpoints take turns, as often as their weights say.");
    return schema;
  }
};

std::unique_ptr<const Balancer> build(const Node& options, BuildContext& context) {
  // `balance: round_robin` names it by a scalar; `balance: { round_robin: {} }` has a map of no options.
  if (options.is_map() && !NoOptions::schema().read(options, Reading(context.diagnostics, context.path))) return {};
  return std::make_unique<RoundRobin>();
}

}  // namespace

const BalancerKind& round_robin_balancer() {
  static constexpr BalancerKind kind{.name = "round_robin", .schema = &schema_of<NoOptions>, .build = &build};
  return kind;
}

}  // namespace weir
