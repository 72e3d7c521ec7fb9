// How exact a fleet is, as JSON: for ./dev bench limits (table B10).
//
//   runs       real members, tables and messages in virtual time (testing/fleet_world.h), for each number of nodes,
//              shape of traffic and seed: what was admitted, in limits, and what nodes had to say for it
//   wires      the same tenfold load over wires that vary, and that lose messages, which TCP sends again
//   owners     small limits that owners decide (testing/owner_world.h), tenfold: alive, and with the owner lost and
//   back;
//              what was let through against the stated bound, and what nodes had to say for it
//   naive      the drop ratio that is corrected once a second, beside it
//   decisions  how many of them the simulation of a fleet behind one limit does in a second on two cores
//
// `weir_fleet_limits [seconds] [seeds]`; 120 and 5 unless said otherwise.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "filters/limit/error_bound.h"
#include "filters/limit/fleet/testing/fleet_world.h"
#include "filters/limit/fleet/testing/owner_world.h"

namespace weir::limit::fleet {
namespace {

constexpr double limit = 1000;
/// Nodes meet and elect before traffic is looked at: the first second of a fleet's life has a figure of its own.
constexpr double meeting_seconds = 2;

/// Requests a second at a moment, in limits.
using Shape = double (*)(double seconds, double end);

double below_the_limit(double, double) {
  return 0.8;
}
double steady_tenfold(double, double) {
  return 10;
}
double step(double seconds, double end) {
  return seconds < end / 2 ? 0.8 : 10;
}
double square(double seconds, double) {
  return std::fmod(seconds, 5) < 2.5 ? 0.2 : 10;
}

struct Scenario {
  const char* name;
  Shape shape;
};
constexpr Scenario scenarios[] = {
    {"below", &below_the_limit}, {"steady", &steady_tenfold}, {"step", &step}, {"square", &square}};

/// What an exact bucket would have let through of the same traffic, in limits of the whole time. A burst of a tenth.
double ideal(Shape shape, double end) {
  constexpr double tick = 0.001;
  double balance = 0.1;
  double admitted = 0;
  for (double now = meeting_seconds; now < end; now += tick) {
    balance = std::min(0.1, balance + tick);
    const double spent = std::min(balance, shape(now, end) * tick);
    balance -= spent;
    admitted += spent;
  }
  return admitted / (end - meeting_seconds);
}

struct Result {
  unsigned nodes = 0;
  std::uint64_t seed = 0;
  const Scenario* scenario = nullptr;
  double mean = 0;
  double refused = 0;
  double worst_second = 0;
  double worst_ten_seconds = 0;
  double first_seconds = 0;  // the worst second while the fleet meets
  double messages = 0;       // a second and node in the mean, both directions, once they have met
  double bytes = 0;
  double messages_most = 0;  // of the busiest node
  double bytes_most = 0;
};

std::vector<Traffic> traffic_of(World& world) {
  std::vector<Traffic> traffic;
  for (std::size_t number = 0; number < world.nodes(); ++number)
    traffic.push_back(world.member(static_cast<MemberNumber>(number)).traffic());
  return traffic;
}

void add_traffic(Result& result, const std::vector<Traffic>& before, const std::vector<Traffic>& after,
                 double seconds) {
  for (std::size_t number = 0; number < after.size(); ++number) {
    const Traffic& one = after[number];
    const Traffic& was = before[number];
    const auto messages =
        static_cast<double>(one.messages_sent + one.messages_received - was.messages_sent - was.messages_received);
    const auto bytes = static_cast<double>(one.bytes_sent + one.bytes_received - was.bytes_sent - was.bytes_received);
    result.messages += messages / seconds / static_cast<double>(after.size());
    result.bytes += bytes / seconds / static_cast<double>(after.size());
    result.messages_most = std::max(result.messages_most, messages / seconds);
    result.bytes_most = std::max(result.bytes_most, bytes / seconds);
  }
}

Result run(unsigned nodes, const Scenario& scenario, std::uint64_t seed, double end) {
  World world({.nodes = nodes, .seed = seed});
  const auto rate = [&](double now) { return limit * scenario.shape(now, end); };
  world.run_until(meeting_seconds, rate);
  const std::vector<Traffic> before = traffic_of(world);
  world.run_until(end, rate);
  Result result{.nodes = nodes, .seed = seed, .scenario = &scenario};
  result.mean = world.mean(meeting_seconds, end);
  result.refused = 1 - static_cast<double>(world.admitted().size()) / static_cast<double>(world.offered());
  result.worst_second = world.worst(1, meeting_seconds);
  result.worst_ten_seconds = world.worst(10, meeting_seconds);
  result.first_seconds = world.worst(1);
  add_traffic(result, before, traffic_of(world), end - meeting_seconds);
  return result;
}

// ---- wires ----

struct Wires {
  const char* name;
  Duration varies;
  double loss;
};
constexpr Wires kinds_of_wires[] = {{"vary by 10 ms", std::chrono::milliseconds{10}, 0},
                                    {"lose 1 in 1,000", std::chrono::milliseconds{2}, 0.001},
                                    {"lose 1 in 100", std::chrono::milliseconds{2}, 0.01}};

std::string wires_run(unsigned nodes, const Wires& wires, std::uint64_t seeds, double end) {
  double worst_second = 0;
  double worst_ten = 0;
  double mean_error = 0;
  double refused = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    World below({.nodes = nodes, .seed = seed, .varies = wires.varies, .loss = wires.loss});
    below.run_until(end / 2, [](double) { return 0.8 * limit; });
    const double part = static_cast<double>(below.admitted().size()) / static_cast<double>(below.offered());
    refused = std::max(refused, 1 - part);
    World world({.nodes = nodes, .seed = seed, .varies = wires.varies, .loss = wires.loss});
    world.run_until(meeting_seconds, [](double) { return 0.8 * limit; });
    world.run_until(end, [](double) { return 10 * limit; });
    worst_second = std::max(worst_second, world.worst(1, meeting_seconds / 2));
    worst_ten = std::max(worst_ten, world.worst(10, meeting_seconds / 2));
    mean_error = std::max(mean_error, std::abs(world.mean(meeting_seconds + 1, end) - 1));
  }
  return fmt::format(
      "{{\"nodes\":{},\"wires\":\"{}\",\"mean_error\":{:.5f},\"refused_below\":{:.6f},\"worst_second\":{:.4f},"
      "\"worst_ten_seconds\":{:.4f}}}",
      nodes, wires.name, mean_error, refused, worst_second, worst_ten);
}

// ---- owners ----

struct SmallLimit {
  const char* name;
  Budget budget;
  double seconds;  // that are simulated
};
const SmallLimit small_limits[] = {
    {"5/s", {.limit = 5, .window = std::chrono::seconds{1}, .burst = 1}, 40},
    {"1/m", {.limit = 1, .window = std::chrono::minutes{1}, .burst = 1}, 190},
    {"100/s, 10 at once", {.limit = 100, .window = std::chrono::seconds{1}, .burst = 10}, 30},
};

std::string owners_run(unsigned nodes, const SmallLimit& small, std::uint64_t seeds, bool lost) {
  const double rate = static_cast<double>(small.budget.limit) * 1e9 / static_cast<double>(small.budget.window.count());
  const Duration patience = std::chrono::milliseconds{10};
  const Bound bound = owned_bound(small.budget, 1, patience);
  std::size_t second = 0;
  std::size_t ten = 0;
  double messages = 0;
  double messages_most = 0;
  double least = 1e9;
  Duration wait{};
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    OwnerWorld world({.nodes = nodes, .seed = seed, .budget = small.budget, .patience = patience});
    world.run_until(0.1, 10 * rate);
    world.run_until(small.seconds / 2, 10 * rate);
    if (lost) world.stop(world.order()[0]);
    world.run_until(small.seconds * 3 / 4, 10 * rate);
    if (lost) world.resume(world.order()[0]);
    world.run_until(small.seconds, 10 * rate);
    second = std::max(second, world.worst(1, 0.1));
    ten = std::max(ten, world.worst(10, 0.1));
    wait = std::max(wait, world.longest_wait());
    least = std::min(least, static_cast<double>(world.count(0.1, small.seconds)) / (rate * (small.seconds - 0.1)));
    double sum = 0;
    for (unsigned node = 0; node < nodes; ++node) {
      const double own = static_cast<double>(world.messages(static_cast<MemberNumber>(node))) / small.seconds;
      sum += own;
      messages_most = std::max(messages_most, own);
    }
    messages = std::max(messages, sum / nodes);
  }
  return fmt::format(
      "{{\"nodes\":{},\"limit\":\"{}\",\"lost\":{},\"worst_second\":{},\"worst_ten_seconds\":{},\"bound_second\":{:.0f}"
      ","
      "\"bound_ten_seconds\":{:.0f},\"mean\":{:.4f},\"messages\":{:.1f},\"messages_most\":{:.1f},"
      "\"longest_wait_ms\":{:.1f}}}",
      nodes, small.name, lost, second, ten, std::floor(bound.worst_second), std::floor(bound.worst_ten_seconds), least,
      messages, messages_most, static_cast<double>(wait.count()) * 1e-6);
}

/// The published design: nodes report once a second, and a second later they drop what was then too much.
double naive_worst_second(Shape shape, std::uint64_t seed, double end) {
  Random random(seed);
  double ratio = 1;
  double next_ratio = 1;
  std::vector<double> admitted;
  for (double second = 0; second < end; ++second) {
    double offered = 0;
    double now = second;
    while (true) {
      const double uniform = (static_cast<double>(random.next() >> 11) + 1.0) * 0x1.0p-53;
      now += -std::log(uniform) / (limit * shape(now, end));
      if (now >= second + 1) break;
      ++offered;
      if (random.chance(ratio)) admitted.push_back(now);
    }
    ratio = next_ratio;
    next_ratio = std::min(1.0, limit / std::max(1.0, offered));
  }
  std::size_t first = 0;
  std::size_t most = 0;
  for (std::size_t last = 0; last < admitted.size(); ++last) {
    while (admitted[last] - admitted[first] >= 1) ++first;
    if (admitted[first] >= meeting_seconds) most = std::max(most, last - first + 1);
  }
  return static_cast<double>(most) / limit;
}

/// All results, by two threads.
std::vector<Result> run_all(double end, std::uint64_t seeds) {
  std::vector<Result> results;
  for (const unsigned nodes : {4U, 32U, 256U}) {
    for (const Scenario& scenario : scenarios) {
      for (std::uint64_t seed = 1; seed <= seeds; ++seed)
        results.push_back({.nodes = nodes, .seed = seed, .scenario = &scenario});
    }
  }
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t at = next.fetch_add(1); at < results.size(); at = next.fetch_add(1))
      results[at] = run(results[at].nodes, *results[at].scenario, results[at].seed, end);
  };
  std::thread other(work);
  work();
  other.join();
  return results;
}

/// A million requests a second of virtual time at a tenfold limit, by 32 nodes, on two threads.
double decisions_a_second() {
  std::atomic<std::uint64_t> decided{0};
  const auto began = std::chrono::steady_clock::now();  // tidy: allow clock, real time is what is measured
  const auto work = [&](std::uint64_t seed) {
    World world({.nodes = 32, .seed = seed, .limit = 100'000, .burst = 10'000});
    world.run_until(4, [](double) { return 1e6; });
    decided.fetch_add(world.offered());
  };
  std::thread other([&] { work(1); });
  work(2);
  other.join();
  // tidy: allow clock, real time is what is measured
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  return static_cast<double>(decided.load()) / took.count();
}

std::string text_of(const Result& result, double end) {
  return fmt::format(
      "{{\"nodes\":{},\"shape\":\"{}\",\"seed\":{},\"mean\":{:.5f},\"ideal\":{:.5f},\"refused\":{:.6f},"
      "\"worst_second\":{:.4f},\"worst_ten_seconds\":{:.4f},\"first_seconds\":{:.4f},\"messages\":{:.1f},"
      "\"bytes\":{:.0f},\"messages_most\":{:.1f},\"bytes_most\":{:.0f}}}",
      result.nodes, result.scenario->name, result.seed, result.mean, ideal(result.scenario->shape, end), result.refused,
      result.worst_second, result.worst_ten_seconds, result.first_seconds, result.messages, result.bytes,
      result.messages_most, result.bytes_most);
}

}  // namespace
}  // namespace weir::limit::fleet

int main(int count, char** arguments) {
  using namespace weir::limit::fleet;
  const std::span<char*> words(arguments, static_cast<std::size_t>(count));
  const double end = words.size() > 1 ? std::atof(words[1]) : 120;
  const std::uint64_t seeds = words.size() > 2 ? std::strtoull(words[2], nullptr, 10) : 5;
  const double decisions = decisions_a_second();
  std::string runs;
  for (const Result& result : run_all(end, seeds)) runs += (runs.empty() ? "" : ",\n") + text_of(result, end);
  std::string naive;
  for (const Scenario& scenario : scenarios) {
    naive += fmt::format("{}\"{}\":{:.3f}", naive.empty() ? "" : ",", scenario.name,
                         naive_worst_second(scenario.shape, 1, end));
  }
  std::string wires;
  std::string owners;
  for (const unsigned nodes : {4U, 32U, 256U}) {
    for (const Wires& kind : kinds_of_wires)
      wires += (wires.empty() ? "" : ",\n") + wires_run(nodes, kind, seeds, std::min(end, 20.0));
    for (const SmallLimit& small : small_limits) {
      for (const bool lost : {false, true})
        owners += (owners.empty() ? "" : ",\n") + owners_run(nodes, small, seeds, lost);
    }
  }
  fmt::print(
      "{{\"seconds\":{},\"seeds\":{},\"decisions_per_second\":{:.0f},\n\"naive_worst_second\":{{{}}},\n\"runs\":[{}],"
      "\n\"wires\":[{}],\n\"owners\":[{}]}}\n",
      end, seeds, decisions, naive, runs, wires, owners);
  return 0;
}
