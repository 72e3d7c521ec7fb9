// How exact the five algorithms are, as JSON: for ./dev bench limits and the plot of the documentation.
//
//   log              decisions of the exact log that differ from counting every admitted request of the last window
//   sliding_window   wrong decisions of the estimate, for three shapes of traffic, by what it had admitted itself
//   worst            the most that any time as long as a window lets through, in limits, under the same rough traffic
//   cores            what a budget that real threads share gives out
//   plot             offered and admitted in each tenth of a second, the same traffic for all
#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "filters/limit/ledger.h"

namespace weir {
namespace {

constexpr Algorithm algorithms[] = {Algorithm::token_bucket, Algorithm::gcra, Algorithm::fixed_window,
                                    Algorithm::sliding_window, Algorithm::sliding_log};

Time at(double seconds) {
  return Time{std::chrono::hours{1} + Duration{static_cast<std::int64_t>(seconds * 1e9)}};
}

Budget budget_by(Algorithm algorithm, std::uint64_t limit) {
  return {.algorithm = algorithm, .limit = limit, .burst = algorithm == Algorithm::gcra ? 1 : limit};
}

bool spend(Ledger& ledger, Time now, std::uint64_t cost = 1) {
  std::uint64_t before = 0;
  return ledger.spend(7, now, cost, before).admitted;
}

/// Moments of what was spent in the last window.
class Exact {
 public:
  explicit Exact(Duration window) : window_(window) {}
  std::uint64_t count(Time now) {
    while (!moments_.empty() && moments_.front() + window_ <= now) moments_.pop_front();
    return moments_.size();
  }
  void spend(Time now, std::uint64_t cost) { moments_.insert(moments_.end(), cost, now); }

 private:
  Duration window_;
  std::deque<Time> moments_;
};

/// Waits between requests that come by chance, `rate` a second.
double chance_gap(Random& random, double rate) {
  const double uniform = (static_cast<double>(random.next() >> 11) + 1.0) * 0x1.0p-53;
  return -std::log(uniform) / rate;
}

std::string report_log(std::uint64_t requests) {
  Random random(4711);
  std::uint64_t differences = 0;
  constexpr std::uint64_t each = 60'000;
  for (std::uint64_t done = 0; done < requests; done += each) {
    const Budget budget = budget_by(Algorithm::sliding_log, 1 + random.below(200));
    Ledger ledger(budget, 1, Company::alone);
    Exact exact(budget.window);
    double now = 0;
    for (std::uint64_t request = 0; request < each; ++request) {
      now += chance_gap(random, static_cast<double>(budget.limit) * (random.chance(0.02) ? 0.1 : 1.5));
      const std::uint64_t cost = random.chance(0.9) ? 1 : 1 + random.below(4);
      const bool fits = exact.count(at(now)) + cost <= budget.limit;
      if (fits) exact.spend(at(now), cost);
      if (spend(ledger, at(now), cost) != fits) ++differences;
    }
  }
  return fmt::format("{{\"requests\":{},\"differences\":{}}}", requests, differences);
}

/// How fast requests come at a moment, in limits.
using Shape = double (*)(double seconds, std::uint64_t source);

double mostly_below(double, std::uint64_t source) {
  return source % 100 == 0 ? 1.5 : 0.1;
}
double around_the_limit(double seconds, std::uint64_t source) {
  return std::sin(seconds * 2.0 + static_cast<double>(source)) > 0 ? 1.6 : 0.6;
}
double on_and_off(double seconds, std::uint64_t source) {
  return std::fmod(seconds + 0.13 * static_cast<double>(source), 4.0) < 1.0 ? 5.0 : 0.2;
}

std::string report_shape(std::string_view name, Shape shape, std::uint64_t requests) {
  Random random(4711);
  constexpr std::uint64_t limit = 50;
  constexpr std::uint64_t sources = 400;
  const Budget budget = budget_by(Algorithm::sliding_window, limit);
  std::uint64_t admitted_wrongly = 0;
  std::uint64_t refused_wrongly = 0;
  double error = 0;
  std::uint64_t done = 0;
  for (std::uint64_t source = 0; source < sources; ++source) {
    Ledger ledger(budget, 1, Company::alone);
    Exact exact(budget.window);
    double now = 0;
    for (std::uint64_t request = 0; request < requests / sources; ++request, ++done) {
      now += chance_gap(random, shape(now, source) * limit);
      const std::uint64_t inside = exact.count(at(now));
      std::uint64_t before = 0;
      const BudgetVerdict verdict = ledger.spend(7, at(now), 1, before);
      const auto estimate = static_cast<double>(weigh_budget(budget, before, at(now)));
      error += std::abs(estimate - static_cast<double>(inside)) / limit;
      if (verdict.admitted && inside >= limit) ++admitted_wrongly;
      if (!verdict.admitted && inside < limit) ++refused_wrongly;
      if (verdict.admitted) exact.spend(at(now), 1);
    }
  }
  const auto all = static_cast<double>(done);
  return fmt::format(
      "{{\"shape\":\"{}\",\"requests\":{},\"admitted_wrongly\":{:.6f},\"refused_wrongly\":{:.6f},\"mean_error\":{:.6f}}"
      "}",
      name, done, static_cast<double>(admitted_wrongly) / all, static_cast<double>(refused_wrongly) / all, error / all);
}

/// Bursts that come right around the ends of windows, and whatever chance brings.
std::string report_worst() {
  std::string members;
  constexpr std::uint64_t limit = 100;
  for (const Algorithm algorithm : algorithms) {
    const Budget budget = budget_by(algorithm, limit);
    Ledger ledger(budget, 1, Company::alone);
    Exact exact(budget.window);
    Random random(4711);
    double now = 0;
    std::uint64_t worst = 0;
    for (int request = 0; request < 300'000; ++request) {
      const double to_end = std::ceil(now + 1e-9) - now;
      const bool before_the_end = to_end < 0.02 || to_end > 0.98;
      now += before_the_end ? 0.0001 : chance_gap(random, random.chance(0.9) ? 20 : 400);
      if (spend(ledger, at(now))) exact.spend(at(now), 1);
      worst = std::max(worst, exact.count(at(now)));
    }
    members += fmt::format("{}\"{}\":{:.3f}", members.empty() ? "" : ",", name_of(algorithm),
                           static_cast<double>(worst) / limit);
  }
  return "{" + members + "}";
}

std::string report_cores(unsigned cores) {
  constexpr std::uint64_t limit = 1000;
  constexpr int rounds = 500;
  std::uint64_t most = 0;
  std::uint64_t least = ~std::uint64_t{0};
  for (int round = 0; round < rounds; ++round) {
    Ledger ledger(budget_by(Algorithm::token_bucket, limit), 1000, Company::shared);
    std::atomic<std::uint64_t> admitted{0};
    std::atomic<unsigned> waiting{cores};
    std::vector<std::thread> threads;
    for (unsigned number = 0; number < cores; ++number) {
      threads.emplace_back([&] {
        waiting.fetch_sub(1);
        while (waiting.load() > 0) std::this_thread::yield();
        std::uint64_t own = 0;
        for (std::uint64_t request = 0; request < limit; ++request) own += spend(ledger, at(0)) ? 1 : 0;
        admitted.fetch_add(own);
      });
    }
    for (std::thread& thread : threads) thread.join();
    most = std::max(most, admitted.load());
    least = std::min(least, admitted.load());
  }
  return fmt::format("{{\"cores\":{},\"limit\":{},\"rounds\":{},\"least\":{},\"most\":{}}}", cores, limit, rounds,
                     least, most);
}

std::string report_plot() {
  constexpr std::uint64_t limit = 100;
  constexpr double step = 0.1;
  constexpr std::size_t steps = 80;
  // Even at half the limit, then far too much from shortly before a window's end, a pause, and once more.
  const auto rate = [](double now) {
    if (now >= 1.7 && now < 4.2) return 300.0;
    if (now >= 5.9 && now < 6.3) return 600.0;
    return now >= 4.2 && now < 5.9 ? 0.0 : 50.0;
  };
  std::vector<double> requests;
  for (double now = 0; now < step * steps; now += rate(now) > 0 ? 1 / rate(now) : 0.01) {
    if (rate(now) > 0) requests.push_back(now);
  }
  const auto bins_of = [&](auto admitted) {
    std::vector<unsigned> bins(steps);
    for (const double now : requests) bins[std::min(steps - 1, static_cast<std::size_t>(now / step))] += admitted(now);
    return fmt::format("[{}]", fmt::join(bins, ","));
  };
  std::string members;
  for (const Algorithm algorithm : algorithms) {
    Ledger ledger(budget_by(algorithm, limit), 1, Company::alone);
    members += fmt::format("{}\"{}\":{}", members.empty() ? "" : ",", name_of(algorithm),
                           bins_of([&](double now) { return spend(ledger, at(now)) ? 1U : 0U; }));
  }
  return fmt::format("{{\"limit\":{},\"step_seconds\":{},\"offered\":{},\"admitted\":{{{}}}}}", limit, step,
                     bins_of([](double) { return 1U; }), members);
}

}  // namespace
}  // namespace weir

int main() {
  using namespace weir;
  constexpr std::uint64_t requests = 6'000'000;
  fmt::print("{{\"log\":{},\n\"sliding_window\":[{},\n{},\n{}],\n\"worst\":{},\n\"cores\":{},\n\"plot\":{}}}\n",
             report_log(requests), report_shape("mostly_below", &mostly_below, requests),
             report_shape("around_the_limit", &around_the_limit, requests),
             report_shape("on_and_off", &on_and_off, requests), report_worst(), report_cores(4), report_plot());
  return 0;
}
