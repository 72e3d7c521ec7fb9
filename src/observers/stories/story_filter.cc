// Reading and applying the filter.
#include "observers/stories/story_filter.h"

#include <algorithm>

#include "base/text.h"

namespace weir {

bool StoryFilter::wants(const Exchange& exchange, const Delivery& delivery) const {
  if (!route.empty() && exchange.route_name != route) return false;
  if (!upstream.empty() && exchange.upstream_name != upstream) return false;
  if (exchange.timings.finished - exchange.timings.head_started < slower) return false;
  return statuses.empty() || std::ranges::any_of(statuses, [&](const std::pair<Status, Status>& range) {
           return delivery.status >= range.first && delivery.status <= range.second;
         });
}

std::expected<std::vector<std::pair<Status, Status>>, std::string> parse_statuses(std::string_view text) {
  std::vector<std::pair<Status, Status>> ranges;
  for (const std::string_view given : text::split(text, ',')) {
    const std::string_view word = text::trim(given);
    if (word == "none") {
      ranges.emplace_back(Status{0}, Status{0});
      continue;
    }
    const bool whole_class = word.size() == 3 && text::to_lower(word.substr(1)) == "xx";
    const auto number = text::parse_decimal(whole_class ? word.substr(0, 1) : word);
    if (!number || (whole_class ? *number < 1 || *number > 5 : *number < 100 || *number > 599)) {
      return std::unexpected("\"" + std::string(word) +
                             "\" is not a status: write 5xx, 404, none, or several with commas");
    }
    const auto first = static_cast<Status>(whole_class ? *number * 100 : *number);
    ranges.emplace_back(first, static_cast<Status>(whole_class ? first + 99 : first));
  }
  return ranges;
}

}  // namespace weir
