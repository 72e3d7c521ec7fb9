// The search for pairs, and what is said of them.
#include "app/limits_in_chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "filters/limit/limit.h"

namespace weir {
namespace {

std::optional<LimitInChain> limit_of(const BuiltFilter& built) {
  const auto* const limit = dynamic_cast<const limit::Limit*>(built.second);
  if (limit == nullptr) return {};
  return LimitInChain{.charges = limit->charges(), .refuses = limit->refuses()};
}

}  // namespace

std::vector<ChargedApart> charged_apart(std::span<const std::optional<LimitInChain>> filters) {
  std::vector<ChargedApart> pairs;
  std::optional<std::size_t> charging;
  for (std::size_t at = 0; at < filters.size(); ++at) {
    if (!filters[at]) continue;
    if (charging && filters[at]->refuses) pairs.push_back({.first = *charging, .second = at});
    if (filters[at]->charges) charging = at;
  }
  return pairs;
}

void warn_of_limits_apart(std::span<const BuiltFilter> filters, Diagnostics& diagnostics) {
  std::vector<std::optional<LimitInChain>> limits;
  for (const BuiltFilter& built : filters) limits.push_back(limit_of(built));
  for (const ChargedApart& pair : charged_apart(limits)) {
    const config::PluginUse& first = *filters[pair.first].first;
    const config::PluginUse& second = *filters[pair.second].first;
    constexpr std::string_view what = "charges what the limit behind it refuses";
    const bool told = std::ranges::any_of(diagnostics.all(), [&](const Diagnostic& each) {
      return each.place == first.place && each.message.starts_with(what);
    });
    if (told) continue;
    diagnostics.warning(first.place, first.path, fmt::format("{} (at {})", what, second.place.text()),
                        "write both as `rules` of one limit, which charges all or none, or put that one in front");
  }
}

}  // namespace weir
