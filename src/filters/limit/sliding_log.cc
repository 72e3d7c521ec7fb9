// A ring whose oldest moment is the next to be overwritten.
#include "filters/limit/sliding_log.h"

#include <algorithm>

namespace weir {
namespace {

std::uint64_t nanoseconds_of(Time now) {
  return static_cast<std::uint64_t>(now.time_since_epoch().count());
}

}  // namespace

bool decide_by_moment(const Budget& budget, std::uint64_t moment, Time now) {
  return moment == 0 || moment + static_cast<std::uint64_t>(budget.window.count()) <= nanoseconds_of(now);
}

std::uint64_t SlidingLog::moment(std::uint64_t age_rank) const {
  std::uint64_t at = words_[0] + age_rank;
  if (at >= budget_.limit) at -= budget_.limit;
  return words_[1 + at];
}

bool SlidingLog::is_over(std::uint64_t moment, Time now) const {
  return decide_by_moment(budget_, moment, now);
}

std::uint64_t SlidingLog::deciding_moment(std::uint64_t cost) const {
  return moment(cost - 1);
}

void SlidingLog::notice_clock(Time now) {
  const std::uint64_t youngest = moment(budget_.limit - 1);
  const std::uint64_t here = nanoseconds_of(now);
  if (youngest <= here + static_cast<std::uint64_t>(clock_slack.count())) return;
  const std::uint64_t back = youngest - here;
  for (std::uint64_t& word : words_.subspan(1)) {
    if (word != 0) word = word > back ? word - back : 1;
  }
}

std::uint64_t SlidingLog::spent(Time now) const {
  // The moments are sorted by age: find the first that is not over.
  std::uint64_t low = 0;
  std::uint64_t high = budget_.limit;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (is_over(moment(middle), now)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return budget_.limit - low;
}

BudgetVerdict SlidingLog::decide(Time now, std::uint64_t cost) const {
  const std::uint64_t over = budget_.limit - spent(now);
  const std::uint64_t youngest = moment(budget_.limit - 1);
  const auto width = static_cast<std::uint64_t>(budget_.window.count());
  const std::uint64_t here = nanoseconds_of(now);
  BudgetVerdict verdict;
  verdict.admitted = cost <= over;
  verdict.remaining = verdict.admitted ? over - cost : over;
  verdict.state = cost <= budget_.limit ? deciding_moment(cost) : 0;
  if (!verdict.admitted) {
    verdict.wait = cost > budget_.limit ? no_limit : Duration{static_cast<std::int64_t>(verdict.state + width - here)};
  }
  if (verdict.admitted) {
    verdict.reset = budget_.window;
  } else if (!is_over(youngest, now)) {
    verdict.reset = Duration{static_cast<std::int64_t>(youngest + width - here)};
  }
  return verdict;
}

void SlidingLog::spend(Time now, std::uint64_t cost) {
  // Another core's clock may be a moment behind: the ring stays sorted.
  const std::uint64_t here = std::max({nanoseconds_of(now), moment(budget_.limit - 1), std::uint64_t{1}});
  for (; cost > 0; --cost) {
    words_[1 + words_[0]] = here;
    words_[0] = words_[0] + 1 == budget_.limit ? 0 : words_[0] + 1;
  }
}

void SlidingLog::take_back(std::uint64_t cost) {
  // What was overwritten lay a whole window back and decides nothing any more.
  for (; cost > 0; --cost) {
    words_[0] = words_[0] == 0 ? budget_.limit - 1 : words_[0] - 1;
    words_[1 + words_[0]] = 0;
  }
}

}  // namespace weir
