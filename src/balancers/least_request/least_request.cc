// Drawing and comparing.
#include "balancers/least_request/least_request.h"

#include "contracts/schema.h"
#include "upstream/picking/draws.h"

namespace weir {
namespace {

/// The load that the next request would find, for one unit of weight, compared without dividing.
bool is_lighter(const EndpointFacts& one, const EndpointFacts& other) {
  return (one.in_flight + std::uint64_t{1}) * other.weight < (other.in_flight + std::uint64_t{1}) * one.weight;
}

}  // namespace

std::optional<Pick> LeastRequest::pick(const PickFacts& facts) const {
  Draws draws(facts);
  std::optional<std::uint32_t> best = draws.next();
  if (!best) return {};
  for (std::uint32_t more = 1; more < choices_; ++more) {
    const std::optional<std::uint32_t> other = draws.next();
    if (!other) break;
    if (is_lighter(facts.endpoints[*other], facts.endpoints[*best])) best = other;
  }
  return Pick{.endpoint = *best, .reason = "least_request"};
}

namespace {

struct LeastRequestOptions {
  std::uint32_t choices = 2;
  static const Schema<LeastRequestOptions>& schema() {
    static const auto schema =
        Schema<LeastRequestOptions>("least_request",
                                    "The endpoint with the fewest requests in flight of a few drawn by lot.")
            .option("choices", &LeastRequestOptions::choices,
                    {.doc = "How many are drawn; more than two bring little.",
                     .example = "2",
                     .minimum = 1,
                     .maximum = Draws::draws_max});
    return schema;
  }
};

std::unique_ptr<const Balancer> build(const Node& options, BuildContext& context) {
  LeastRequestOptions read;
  if (options.is_map() &&
      !LeastRequestOptions::schema().read_into(options, Reading(context.diagnostics, context.path), read))
    return {};
  return std::make_unique<LeastRequest>(read.choices);
}

}  // namespace

const BalancerKind& least_request_balancer() {
  static constexpr BalancerKind kind{
      .name = "least_request", .schema = &schema_of<LeastRequestOptions>, .build = &build};
  return kind;
}

}  // namespace weir
