// Buckets, then windows. All products are taken in 128 bits or bounded by complaint_about().
#include "filters/limit/budget.h"

#include <algorithm>

#include "filters/limit/calendar.h"

namespace weir {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t ten_years = std::uint64_t{10} * 365 * 24 * 3600 * 1'000'000'000U;

bool is_bucket(const Budget& budget) {
  return budget.algorithm == Algorithm::token_bucket || budget.algorithm == Algorithm::gcra;
}

// ---- buckets ----

struct Bucket {
  std::uint64_t unit;  // nanoseconds that a cost of 1 takes to come back
  std::uint64_t full;  // nanoseconds of a whole burst
  std::uint64_t owed;  // until the key is as new
  bool went_back;      // the clock, since the key was charged
};

Bucket read_bucket(const Budget& budget, std::uint64_t state, Time now) {
  const std::uint64_t unit = budget.unit_nanoseconds();
  const std::uint64_t full = unit * budget.burst;
  const auto ahead = static_cast<std::int64_t>(state) - now.time_since_epoch().count();
  std::uint64_t owed = ahead > 0 ? static_cast<std::uint64_t>(ahead) : 0;
  const std::uint64_t most = full + unit * budget.debt + static_cast<std::uint64_t>(budget.delay.count());
  // Nobody can owe that much: the clock went back. What is left counts as all spent.
  const bool went_back = owed > most + static_cast<std::uint64_t>(clock_slack.count());
  if (went_back) [[unlikely]]
    owed = most;
  return {.unit = unit, .full = full, .owed = owed, .went_back = went_back};
}

Duration nanoseconds(std::uint64_t count) {
  return Duration{static_cast<std::int64_t>(count)};
}

std::uint64_t state_of_bucket(Time now, std::uint64_t owed) {
  return static_cast<std::uint64_t>(now.time_since_epoch().count()) + owed;
}

BudgetVerdict decide_bucket(const Budget& budget, std::uint64_t state, Time now, std::uint64_t cost) {
  const Bucket bucket = read_bucket(budget, state, now);
  const std::uint64_t spare = bucket.full > bucket.owed ? bucket.full - bucket.owed : 0;
  BudgetVerdict verdict{.state = bucket.went_back ? state_of_bucket(now, bucket.owed) : state,
                        .reset = nanoseconds(bucket.owed)};
  if (cost > budget.burst) {
    verdict.remaining = spare / bucket.unit;
    verdict.wait = no_limit;
    return verdict;
  }
  const std::uint64_t after = bucket.owed + cost * bucket.unit;
  verdict.wait = nanoseconds(after > bucket.full ? after - bucket.full : 0);
  if (verdict.wait > budget.delay) {
    verdict.remaining = spare / bucket.unit;
    return verdict;
  }
  verdict.admitted = true;
  verdict.state = state_of_bucket(now, after);
  verdict.remaining = after < bucket.full ? (bucket.full - after) / bucket.unit : 0;
  verdict.reset = nanoseconds(after);
  return verdict;
}

/// What of a charge cannot have come back by now. Of several that are open at once, all but one have come back less
/// than this says: so what they are given back together is at most what is owed (invariant 5).
Wide not_come_back(const Bucket& bucket, Time now, const Charge& charge) {
  const Wide whole = Wide{charge.cost} * bucket.unit;
  const std::int64_t passed = std::max<std::int64_t>(0, (now - charge.at).count());
  return whole > static_cast<Wide>(passed) ? whole - static_cast<Wide>(passed) : 0;
}

std::uint64_t settle_bucket(const Budget& budget, std::uint64_t state, Time now, std::int64_t more,
                            const std::optional<Charge>& charge) {
  const Bucket bucket = read_bucket(budget, state, now);
  if (more < 0) {
    Wide back = Wide{static_cast<std::uint64_t>(-more)} * bucket.unit;
    if (charge) back = std::min(back, not_come_back(bucket, now, *charge));
    return back >= bucket.owed ? 0 : state_of_bucket(now, bucket.owed - static_cast<std::uint64_t>(back));
  }
  const std::uint64_t most = std::max(bucket.owed, bucket.full + bucket.unit * budget.debt);
  const Wide after = Wide{bucket.owed} + Wide{static_cast<std::uint64_t>(more)} * bucket.unit;
  return state_of_bucket(now, after > most ? most : static_cast<std::uint64_t>(after));
}

// ---- windows ----

/// What was spent, seen from now: `elapsed` of the window `number` are over.
struct Windows {
  std::uint64_t number;
  std::uint64_t width;  // nanoseconds, as all times here
  std::uint64_t elapsed;
  std::uint64_t previous;  // 0 for fixed windows
  std::uint64_t current;
  bool went_back = false;  // the clock, since the key was charged
};

/// The window of a moment. Periods of a calendar are numbered by the minute at which they begin.
struct Window {
  std::uint64_t number;
  std::uint64_t width;
  std::uint64_t elapsed;
};
constexpr std::uint64_t second = 1'000'000'000;

Window window_of(const limit::Period& period, std::uint64_t now) {
  const std::uint64_t begin = static_cast<std::uint64_t>(period.begin) * second;
  return {.number = static_cast<std::uint64_t>(period.begin) / 60,
          .width = static_cast<std::uint64_t>(period.end - period.begin) * second,
          .elapsed = now > begin ? now - begin : 0};
}

Window window_at(const Budget& budget, Time now) {
  const auto nanoseconds = static_cast<std::uint64_t>(now.time_since_epoch().count());
  if (budget.calendar != nullptr)
    return window_of(budget.calendar->at(static_cast<std::int64_t>(nanoseconds / second)), nanoseconds);
  const auto width = static_cast<std::uint64_t>(budget.window.count());
  return {.number = nanoseconds / width, .width = width, .elapsed = nanoseconds % width};
}

/// How many windows the one of now lies behind one that was written; -1 when the written one is the next, less when it
/// is further ahead.
std::int64_t periods_since(const Budget& budget, const Window& now, std::uint64_t written, Time moment) {
  if (written == now.number) return 0;
  if (written < now.number) return 2;  // nobody asks how many
  const std::int64_t seconds = moment.time_since_epoch().count() / static_cast<std::int64_t>(second);
  const limit::Period present = budget.calendar->at(seconds);
  return written == static_cast<std::uint64_t>(present.end) / 60 ? -1 : -2;
}

/// How a word is divided: bits of a count; the rest is the window's number.
struct Layout {
  unsigned count_bits;
  unsigned counts;
  [[nodiscard]] std::uint64_t count_max() const { return (std::uint64_t{1} << count_bits) - 1; }
  [[nodiscard]] unsigned number_bits() const { return 64 - count_bits * counts; }
};
constexpr Layout fixed_layout{.count_bits = 32, .counts = 1};
constexpr Layout sliding_layout{.count_bits = 18, .counts = 2};

constexpr Layout layout_of(Algorithm algorithm) {
  return algorithm == Algorithm::sliding_window ? sliding_layout : fixed_layout;
}

std::uint64_t state_of_windows(Layout layout, const Windows& windows) {
  const std::uint64_t counts =
      layout.counts == 2 ? windows.previous << layout.count_bits | windows.current : windows.current;
  return windows.number << (64 - layout.number_bits()) | counts;
}

/// The number of windows from the one that was written to the one of now, in the bits there are; negative when the
/// written one is ahead.
std::int64_t distance(std::uint64_t now, std::uint64_t written, unsigned bits) {
  const std::uint64_t difference = (now - written) << (64 - bits);
  return static_cast<std::int64_t>(difference) >> (64 - bits);
}

Windows read_windows(const Budget& budget, std::uint64_t state, Time now) {
  const Layout layout = layout_of(budget.algorithm);
  const Window window = window_at(budget, now);
  const std::uint64_t number_mask = (std::uint64_t{1} << layout.number_bits()) - 1;
  Windows windows{.number = window.number & number_mask,
                  .width = window.width,
                  .elapsed = window.elapsed,
                  .previous = 0,
                  .current = 0};
  const std::uint64_t written = state >> (64 - layout.number_bits());
  const std::uint64_t current = state & layout.count_max();
  const std::uint64_t previous = layout.counts == 2 ? (state >> layout.count_bits) & layout.count_max() : 0;
  const std::int64_t passed = budget.calendar != nullptr ? periods_since(budget, window, written, now)
                                                         : distance(windows.number, written, layout.number_bits());
  if (passed == 0) {
    windows.previous = previous;
    windows.current = current;
  } else if (passed == 1) {
    windows.previous = layout.counts == 2 ? current : 0;
  } else if (passed == -1) {
    // Another core was in the next window already: count there.
    windows.number = written;
    windows.elapsed = 0;
    windows.previous = previous;
    windows.current = current;
  } else if (passed < 0) {
    // The clock went back: what was spent is taken along.
    windows.went_back = true;
    windows.previous = previous;
    windows.current = current;
  }
  return windows;
}

/// What the window before still counts for, times the window's width.
Wide tail_of(const Windows& windows) {
  return Wide{windows.previous} * (windows.width - windows.elapsed);
}

std::uint64_t divided_up(Wide value, std::uint64_t by) {
  return static_cast<std::uint64_t>((value + by - 1) / by);
}

std::uint64_t spent_in(const Windows& windows) {
  return windows.current + divided_up(tail_of(windows), windows.width);
}

/// How much of a window must be over before `previous` weighs no more than `room`.
std::uint64_t elapsed_until(std::uint64_t previous, std::uint64_t room, std::uint64_t width) {
  if (previous <= room) return 0;
  return width - static_cast<std::uint64_t>(Wide{room} * width / previous);
}

Duration wait_for(const Windows& windows, const Budget& budget, std::uint64_t cost) {
  const std::uint64_t width = windows.width;
  if (cost > budget.limit) return no_limit;
  if (windows.current + cost <= budget.limit) {  // what is left of the window before is in the way
    const std::uint64_t room = budget.limit - windows.current - cost;
    return nanoseconds(elapsed_until(windows.previous, room, width) - windows.elapsed);
  }
  const std::uint64_t rest = width - windows.elapsed;
  if (budget.algorithm != Algorithm::sliding_window) return nanoseconds(rest);
  return nanoseconds(rest + elapsed_until(windows.current, budget.limit - cost, width));
}

Duration reset_of(const Windows& windows, const Budget& budget) {
  const std::uint64_t width = windows.width;
  const std::uint64_t rest = width - windows.elapsed;
  const bool counts_on = budget.algorithm == Algorithm::sliding_window && windows.current > 0;
  if (windows.current == 0 && windows.previous == 0) return {};
  return nanoseconds(counts_on ? rest + width : rest);
}

BudgetVerdict decide_windows(const Budget& budget, std::uint64_t state, Time now, std::uint64_t cost) {
  Windows windows = read_windows(budget, state, now);
  const bool admitted = cost <= budget.limit && windows.current <= budget.limit - cost &&
                        tail_of(windows) <= Wide{budget.limit - cost - windows.current} * windows.width;
  BudgetVerdict verdict{.admitted = admitted, .state = state};
  if (admitted) {
    windows.current += cost;
    verdict.state = state_of_windows(layout_of(budget.algorithm), windows);
  } else {
    verdict.wait = wait_for(windows, budget, cost);
    if (windows.went_back) verdict.state = state_of_windows(layout_of(budget.algorithm), windows);
  }
  const std::uint64_t spent = spent_in(windows);
  verdict.remaining = spent < budget.limit ? budget.limit - spent : 0;
  verdict.reset = reset_of(windows, budget);
  return verdict;
}

/// The count in which a charge stands; null when its window is over.
std::uint64_t* count_of(Windows& windows, const Budget& budget, const std::optional<Charge>& charge) {
  if (!charge) return &windows.current;
  const Layout layout = layout_of(budget.algorithm);
  const std::int64_t passed = distance(windows.number, window_at(budget, charge->at).number, layout.number_bits());
  if (passed == 0) return &windows.current;
  return passed == 1 && layout.counts == 2 ? &windows.previous : nullptr;
}

std::uint64_t settle_windows(const Budget& budget, std::uint64_t state, Time now, std::int64_t more,
                             const std::optional<Charge>& charge) {
  Windows windows = read_windows(budget, state, now);
  if (more < 0) {
    std::uint64_t* const count = count_of(windows, budget, charge);
    if (count != nullptr) *count -= std::min(*count, static_cast<std::uint64_t>(-more));
  } else {
    const std::uint64_t most = std::max(windows.current, budget.limit + budget.debt);
    windows.current += std::min(most - windows.current, static_cast<std::uint64_t>(more));
  }
  return state_of_windows(layout_of(budget.algorithm), windows);
}

}  // namespace

std::string_view name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::token_bucket:
      return "token_bucket";
    case Algorithm::gcra:
      return "gcra";
    case Algorithm::fixed_window:
      return "fixed_window";
    case Algorithm::sliding_window:
      return "sliding_window";
    case Algorithm::sliding_log:
      return "sliding_log";
    case Algorithm::calendar:
      return "calendar";
  }
  return "";
}

BudgetVerdict decide_budget(const Budget& budget, std::uint64_t state, Time now, std::uint64_t cost) {
  return is_bucket(budget) ? decide_bucket(budget, state, now, cost) : decide_windows(budget, state, now, cost);
}

std::uint64_t settle_budget(const Budget& budget, std::uint64_t state, Time now, std::int64_t more,
                            const std::optional<Charge>& charge) {
  return is_bucket(budget) ? settle_bucket(budget, state, now, more, charge)
                           : settle_windows(budget, state, now, more, charge);
}

std::uint64_t weigh_budget(const Budget& budget, std::uint64_t state, Time now) {
  if (is_bucket(budget)) return read_bucket(budget, state, now).owed;
  const Windows windows = read_windows(budget, state, now);
  return spent_in(windows);
}

std::string_view complaint_about(const Budget& budget, std::uint64_t cost_max) {
  if (budget.limit == 0) return "a limit of 0 lets nothing through";
  if (budget.window < std::chrono::seconds{1}) return "a window is at least a second long";
  if (is_bucket(budget)) {
    if (budget.burst == 0) return "a burst of 0 lets nothing through";
    if (budget.limit > 1'000'000'000) return "more than 1,000,000,000 in a window cannot be told apart from no limit";
    const Wide units = Wide{budget.burst} + budget.debt + cost_max;
    if (units * budget.unit_nanoseconds() > ten_years) return "a burst that takes over ten years to come back";
    return {};
  }
  const std::uint64_t most = layout_of(budget.algorithm).count_max();
  if (budget.limit > most || budget.debt > most - budget.limit) {
    return budget.algorithm == Algorithm::sliding_window ? "sliding_window counts to 262,143; token_bucket goes further"
           : budget.algorithm == Algorithm::calendar     ? "a quota counts to 4,294,967,295"
                                                         : "fixed_window counts to 4,294,967,295";
  }
  return {};
}

}  // namespace weir
