// The cost of a request, and the cheaper of two.
#include "balancers/peak_ewma/peak_ewma.h"

#include "contracts/schema.h"
#include "upstream/picking/draws.h"
#include "upstream/picking/latency.h"

namespace weir {
namespace {

/// Of an endpoint that has requests and has never answered: more than any latency.
constexpr double unknown_us = 1e9;

double cost_of(const EndpointFacts& facts, Time now, Duration decay) {
  const double latency = facts.latency_us == 0 && facts.in_flight > 0 ? unknown_us : latency_now(facts, now, decay);
  return latency * (facts.in_flight + 1.0) / facts.weight;
}

}  // namespace

std::optional<Pick> PeakEwma::pick(const PickFacts& facts) const {
  Draws draws(facts);
  const std::optional<std::uint32_t> one = draws.next();
  if (!one) return {};
  const std::optional<std::uint32_t> other = draws.next();
  if (!other) return Pick{.endpoint = *one, .reason = "only_choice"};
  const bool cheaper =
      cost_of(facts.endpoints[*other], facts.now, decay_) < cost_of(facts.endpoints[*one], facts.now, decay_);
  return Pick{.endpoint = cheaper ? *other : *one, .reason = "peak_ewma"};
}

namespace {

struct PeakEwmaOptions {
  Duration decay = std::chrono::seconds{10};
  static const Schema<PeakEwmaOptions>& schema() {
    static const auto schema =
        Schema<PeakEwmaOptions>("peak_ewma",
                                "Of two endpoints, the one with the smaller latency times requests in flight.")
            .option("decay", &PeakEwmaOptions::decay,
                    {.doc = "How long it takes to forget two thirds of a latency.",
                     .example = "10s",
                     .minimum = std::chrono::milliseconds{10},
                     .maximum = std::chrono::hours{1}});
    return schema;
  }
};

std::unique_ptr<const Balancer> build(const Node& options, BuildContext& context) {
  PeakEwmaOptions read;
  const Reading reading(context.diagnostics, context.path);
  if (options.is_map() && !PeakEwmaOptions::schema().read_into(options, reading, read)) return {};
  return std::make_unique<PeakEwma>(read.decay);
}

}  // namespace

const BalancerKind& peak_ewma_balancer() {
  static constexpr BalancerKind kind{.name = "peak_ewma", .schema = &schema_of<PeakEwmaOptions>, .build = &build};
  return kind;
}

}  // namespace weir
