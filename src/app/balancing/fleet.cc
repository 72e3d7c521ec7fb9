// Arrivals, picks, queues, answers.
#include "app/balancing/fleet.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>

#include "base/random.h"
#include "contracts/roster.h"
#include "upstream/picking/latency.h"
#include "upstream/picking/probes.h"

namespace weir {
namespace {

/// Of a server's own mean service time: its last twenty requests weigh two thirds.
constexpr double smoothing = 0.05;

double exponential(Random& random, double mean) {
  return -std::log((static_cast<double>(random.next() >> 11) + 1.0) * 0x1.0p-53) * mean;
}

Time at(double ms) {
  return Time{std::chrono::hours{1} + Duration{static_cast<std::int64_t>(ms * 1e6)}};
}

struct Job {
  double came_ms;
  std::uint32_t gateway;
  bool counted;  ///< its time is part of the outcome
};

struct Server {
  std::deque<Job> line;  // the first is being served
  double service_ms;     // a moving mean of its own, which it reports by

  [[nodiscard]] ProbeFacts report(std::uint32_t number, double now_ms) const {
    const auto load = static_cast<std::uint32_t>(line.size());
    return {.endpoint = number,
            .load = load,
            .latency_us = static_cast<std::uint32_t>(service_ms * (load + 1) * 1000),
            .heard_at = at(now_ms)};
  }
};

struct Gateway {
  std::vector<EndpointFacts> endpoints;
  ProbePool probes;
  double probes_due = 0;
  std::uint64_t turn = 0;
};

class Run {
 public:
  Run(const Balancer& balancer, const FleetSettings& settings)
      : balancer_(balancer),
        settings_(settings),
        rule_{.path = {}, .host = {}, .per_pick = settings.probes_per_request},
        random_(settings.seed),
        servers_(settings.servers) {
    for (Server& each : servers_) each.service_ms = settings.service_ms;
    gateways_.resize(settings.gateways);
    for (std::size_t number = 0; number < gateways_.size(); ++number) {
      gateways_[number].endpoints.resize(settings.servers);
      gateways_[number].turn = random_.next();  // nobody began at the same time
    }
    roster_.make(gateways_.front().endpoints, {});
    if (settings.stationary_choices > 0) fill_lines();
  }

  FleetOutcome run() {
    const double gap_ms = settings_.service_ms / (settings_.utilisation * static_cast<double>(settings_.servers));
    double next_arrival = exponential(random_, gap_ms);
    // The beginning, when lines still grow, is not counted. Who came then is known by when he came: among the first
    // answers are more of the short ones.
    const std::uint64_t uncounted = settings_.requests / 20;
    std::uint64_t arrived = 0;
    while (arrived < settings_.requests || !ends_.empty()) {
      if (arrived < settings_.requests && (ends_.empty() || next_arrival <= ends_.top().first)) {
        now_ms_ = next_arrival;
        next_arrival += exponential(random_, gap_ms);
        ++arrived;
        arrive(arrived > uncounted);
      } else {
        const auto [end, server] = ends_.top();
        ends_.pop();
        now_ms_ = end;
        answer(server);
      }
    }
    return outcome();
  }

 private:
  [[nodiscard]] bool is_slow(std::uint32_t server) const {
    const auto period = static_cast<std::size_t>(now_ms_ / 1000 / settings_.slow_seconds);
    const auto count = static_cast<std::size_t>(settings_.slow_part * static_cast<double>(servers_.size()));
    const std::size_t first = period * count % servers_.size();
    return (server + servers_.size() - first) % servers_.size() < count;
  }

  void begin_service(std::uint32_t server) {
    const double took = exponential(random_, settings_.service_ms) * (is_slow(server) ? settings_.slow_factor : 1);
    servers_[server].service_ms += smoothing * (took - servers_[server].service_ms);
    ends_.emplace(now_ms_ + took, server);
  }

  void join(std::uint32_t server, Job job) {
    servers_[server].line.push_back(job);
    if (servers_[server].line.size() == 1) begin_service(server);
  }

  void arrive(bool counted) {
    const auto number = static_cast<std::uint32_t>(random_.below(gateways_.size()));
    Gateway& gateway = gateways_[number];
    if (settings_.probes_used)
      gateway.probes.tidy(at(now_ms_), std::chrono::seconds{1}, dropped_per_pick(rule_, servers_.size()), 0.84);
    PickFacts facts{.endpoints = gateway.endpoints,
                    .turn = gateway.turn++,
                    .draw = random_.next(),
                    .key = random_.next(),
                    .now = at(now_ms_),
                    .probes = gateway.probes.probes()};
    const Pick picked = *pick(balancer_, roster_, facts);
    if (picked.probe != no_endpoint_number) gateway.probes.use(picked.probe);
    ++gateway.endpoints[picked.endpoint].in_flight;
    join(picked.endpoint, {.came_ms = now_ms_, .gateway = number, .counted = counted});
    for (gateway.probes_due += settings_.probes_used ? rule_.per_pick : 0; gateway.probes_due >= 1;
         --gateway.probes_due) {
      const auto asked = static_cast<std::uint32_t>(random_.below(servers_.size()));
      const std::uint32_t uses = uses_by_lot(uses_of_a_report(rule_, servers_.size()), random_.next());
      gateway.probes.add(servers_[asked].report(asked, now_ms_), uses);
    }
  }

  void answer(std::uint32_t number) {
    Server& server = servers_[number];
    const Job job = server.line.front();
    server.line.pop_front();
    if (!server.line.empty()) begin_service(number);
    if (job.counted) times_ms_.push_back(static_cast<float>(now_ms_ - job.came_ms));
    EndpointFacts& facts = gateways_[job.gateway].endpoints[number];
    --facts.in_flight;
    if (const Duration decay = balancer_.latency_decay(); decay > Duration::zero()) {
      observe_latency(facts, Duration(static_cast<std::int64_t>((now_ms_ - job.came_ms) * 1e6)), at(now_ms_), decay);
    }
    if (!settings_.answers_report) return;
    const ProbeFacts report = server.report(number, now_ms_);
    facts.reported_load = report.load;
    facts.reported_latency_us = report.latency_us;
    facts.reported_at = report.heard_at;
  }

  /// As the closed form says they stand: at least i in a line with the probability lambda^i or lambda^(2^i - 1).
  void fill_lines() {
    for (std::uint32_t server = 0; server < servers_.size(); ++server) {
      const double drawn = static_cast<double>(random_.next() >> 11) * 0x1p-53;
      for (double length = 1;; ++length) {
        const double power = settings_.stationary_choices == 1 ? length : std::exp2(length) - 1;
        if (drawn >= std::pow(settings_.utilisation, power)) break;
        ++gateways_.front().endpoints[server].in_flight;
        join(server, {.came_ms = 0, .gateway = 0, .counted = false});  // it has waited before
      }
    }
  }

  FleetOutcome outcome() {
    std::ranges::sort(times_ms_);
    double sum = 0;
    for (const float each : times_ms_) sum += each;
    const auto part = [&](double quantile) {
      const double last = static_cast<double>(times_ms_.size() - 1);
      return static_cast<double>(times_ms_[static_cast<std::size_t>(quantile * last)]);
    };
    return {.mean_ms = sum / static_cast<double>(times_ms_.size()),
            .p50_ms = part(0.5),
            .p99_ms = part(0.99),
            .p999_ms = part(0.999)};
  }

  using End = std::pair<double, std::uint32_t>;
  const Balancer& balancer_;
  const FleetSettings& settings_;
  const ProbeRule rule_;
  Random random_;
  Roster roster_;
  std::vector<Server> servers_;
  std::vector<Gateway> gateways_;
  std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
  std::vector<float> times_ms_;
  double now_ms_ = 0;
};

}  // namespace

FleetOutcome run_fleet(const Balancer& balancer, const FleetSettings& settings) {
  return Run(balancer, settings).run();
}

double supermarket_mean(double lambda, unsigned choices) {
  if (choices == 1) return 1 / (1 - lambda);
  double sum = 0;
  for (int i = 1; i < 12; ++i) sum += std::pow(lambda, std::exp2(i) - 2);
  return sum;
}

}  // namespace weir
