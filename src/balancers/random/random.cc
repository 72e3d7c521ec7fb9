// A lot per request, and the options it does not have.
#include "balancers/random/random.h"

#include "contracts/schema.h"
#include "upstream/picking/draws.h"

namespace weir {

std::optional<Pick> RandomBalancer::pick(const PickFacts& facts) const {
  return Draws(facts).next().transform([](std::uint32_t drawn) { return Pick{.endpoint = drawn, .reason = "random"}; });
}

namespace {

struct NoOptions {
  static const Schema<NoOptions>& schema() {
    static const auto schema =
        Schema<NoOptions>("random", "Endpoints are drawn by lot, as likely as their weights say.");
    return schema;
  }
};

std::unique_ptr<const Balancer> build(const Node& options, BuildContext& context) {
  if (options.is_map() && !NoOptions::schema().read(options, Reading(context.diagnostics, context.path))) return {};
  return std::make_unique<RandomBalancer>();
}

}  // namespace

const BalancerKind& random_balancer() {
  static constexpr BalancerKind kind{.name = "random", .schema = &schema_of<NoOptions>, .build = &build};
  return kind;
}

}  // namespace weir
