// The ring and its step.
#include "balancers/round_robin/round_robin.h"

#include <numeric>

#include "contracts/schema.h"

namespace weir {
namespace {

struct Ring {
  std::uint64_t length = 0;  ///< sum of the available weights
  std::uint32_t available = 0;
  std::uint32_t weight = 0;  ///< of the first available
  bool equal = true;
};

Ring measure(std::span<const EndpointFacts> endpoints) {
  Ring ring;
  for (const EndpointFacts& endpoint : endpoints) {
    if (!endpoint.available || endpoint.weight == 0) continue;
    if (ring.available++ == 0) ring.weight = endpoint.weight;
    ring.equal = ring.equal && endpoint.weight == ring.weight;
    ring.length += endpoint.weight;
  }
  return ring;
}

/// About length divided by the golden ratio, without a common divisor.
std::uint64_t step_of(std::uint64_t length) {
  auto step = static_cast<std::uint64_t>(static_cast<double>(length) * 0.6180339887498949);
  while (std::gcd(step, length) != 1) ++step;
  return step;
}

std::uint64_t position_of(const Ring& ring, std::uint64_t turn) {
  // The lengths are sums of 32-bit weights: the product of two fits into 128 bits.
  const auto walked = static_cast<unsigned __int128>(turn % ring.length) * step_of(ring.length);
  return static_cast<std::uint64_t>(walked % ring.length);
}

}  // namespace

std::optional<Pick> RoundRobin::pick(const PickFacts& facts) const {
  const Ring ring = measure(facts.endpoints);
  if (ring.available == 0) return {};
  // With equal weights one unit of the ring is one endpoint.
  std::uint64_t left = ring.equal ? facts.turn % ring.available * ring.weight : position_of(ring, facts.turn);
  for (std::uint32_t at = 0; at < facts.endpoints.size(); ++at) {
    const EndpointFacts& endpoint = facts.endpoints[at];
    if (!endpoint.available || endpoint.weight == 0) continue;
    if (left < endpoint.weight) return Pick{.endpoint = at, .reason = "round_robin"};
    left -= endpoint.weight;
  }
  invariant(false, "a position on the ring belongs to an endpoint");
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
