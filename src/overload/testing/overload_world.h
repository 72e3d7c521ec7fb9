// A bulkhead before an origin of limited capacity, in virtual time: what the overload table is made of.
//
// Idea: the real bulkhead with the real line and tuner on a simulated core. The origin has so many workers, each
// takes one request at a time, and a queue in front of them, as servers have. Requests come in an open loop: whether
// answers come or not. All times are whole milliseconds, as the timer wheel has them.
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <vector>

#include "base/random.h"
#include "contracts/testing/test_exchange.h"
#include "overload/bulkhead_use.h"

namespace weir {

/// How long the origin works on a request.
enum class ServiceTime : std::uint8_t { even, exponential, long_tailed };

struct OriginPlan {
  unsigned workers = 64;
  double mean_milliseconds = 10;
  ServiceTime service = ServiceTime::exponential;
};

/// Takes one request per worker; the others queue, first come first served.
class SimulatedOrigin {
 public:
  SimulatedOrigin(Shard& shard, const OriginPlan& plan) : workers(plan.workers), plan_(plan), shard_(shard) {}

  Task<Result<void>> serve() {
    if (busy_ >= workers || !queue_.empty()) CO_TRY_VOID(co_await Turn(*this));
    ++busy_;
    const Result<void> worked = co_await Sleep(shard_.reactor, service_time());
    --busy_;
    next();
    co_return worked;
  }

  /// What it can do: the mean of many service times, rounded up as they are.
  [[nodiscard]] static double capacity_per_second(const OriginPlan& plan) {
    TestShard shard;
    SimulatedOrigin origin(shard.shard(), plan);
    double total = 0;
    constexpr int samples = 200'000;
    for (int at = 0; at < samples; ++at) total += std::chrono::duration<double>(origin.service_time()).count();
    return plan.workers / (total / samples);
  }

  unsigned workers;   ///< may change at any time
  double slower = 1;  ///< by how much it takes longer than planned

 private:
  class Turn final : public Suspension {
   public:
    explicit Turn(SimulatedOrigin& origin) : origin_(origin) {}
    bool await_ready() const { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      waiter = handle;
      origin_.queue_.push_back(this);
      return true;
    }
    Result<void> await_resume() const { return {}; }
    void cancel(Error) override {}

   private:
    SimulatedOrigin& origin_;
  };

  void next() {
    while (busy_ < workers && !queue_.empty()) {
      Suspension* const turn = queue_.front();
      queue_.pop_front();
      turn->waiter.resume();
    }
  }

  Duration service_time() {
    const double mean = plan_.mean_milliseconds * slower;
    double milliseconds = mean;
    if (plan_.service == ServiceTime::exponential) milliseconds = -mean * std::log(1 - uniform());
    if (plan_.service == ServiceTime::long_tailed) {  // log-normal, sigma 0.8: p99 is 4.7 times the mean
      const double normal = std::sqrt(-2 * std::log(1 - uniform())) * std::cos(6.283185307179586 * uniform());
      milliseconds = mean * std::exp(0.8 * normal - 0.32);
    }
    return std::chrono::milliseconds{std::max(1L, std::lround(std::ceil(milliseconds)))};
  }
  double uniform() { return static_cast<double>(random_.next() >> 11) * 0x1.0p-53; }

  OriginPlan plan_;
  Shard& shard_;
  Random random_{4711};
  unsigned busy_ = 0;
  std::deque<Suspension*> queue_;
};

/// What clients have seen in a while.
struct Seen {
  std::uint64_t offered = 0;
  std::uint64_t answered = 0;
  std::array<std::uint64_t, priorities> offered_by_class{};
  std::array<std::uint64_t, priorities> answered_by_class{};
  std::vector<Duration> latencies;  ///< of the answered, from their arrival

  [[nodiscard]] double milliseconds_at(double part) const {
    if (latencies.empty()) return 0;
    std::vector<Duration> sorted = latencies;
    const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(sorted.size() - 1));
    std::ranges::nth_element(sorted, sorted.begin() + at);
    return std::chrono::duration<double, std::milli>(sorted[static_cast<std::size_t>(at)]).count();
  }
};

class OverloadWorld {
 public:
  OverloadWorld(const OriginPlan& plan, const BulkheadRule& rule)
      : origin(shard_.shard(), plan),
        bulkhead(std::make_shared<Bulkhead>("world", 1)),
        use_(bulkhead, rule, Place{}),
        scope_(shard_.shard().reactor) {}
  ~OverloadWorld() {
    coming_ = false;
    shard_.world().run_until([&] { return scope_.running() == 0; });
  }

  /// Requests come from now on, so many a second; the part `high` of them in the class above normal.
  void come(double per_second, double high = 0) {
    per_millisecond_ = per_second / 1000;
    high_ = high;
    if (!std::exchange(coming_, true)) scope_.spawn(arrivals());
  }
  /// Lets time pass, and says what was seen meanwhile.
  Seen watch(Duration time) {
    seen_ = {};
    shard_.world().run_for(time);
    return std::exchange(seen_, {});
  }

 private:
  TestShard shard_;

 public:
  SimulatedOrigin origin;
  const std::shared_ptr<Bulkhead> bulkhead;

 private:
  Task<void> arrivals() {
    while (coming_) {
      (void)co_await Sleep(shard_.shard().reactor, std::chrono::milliseconds{1});
      for (unsigned count = poisson(per_millisecond_); count > 0; --count) scope_.spawn(request());
    }
  }

  Task<void> request() {
    TestExchange test(shard_);
    Exchange& exchange = test.exchange;
    const Priority priority = random_.chance(high_) ? Priority::high : Priority::normal;
    exchange.record({.room = priority_room, .verdict = name_of(priority), .subject = {}, .reason = {}, .place = {}});
    const Time arrived = shard_.shard().reactor.now();
    ++seen_.offered;
    ++seen_.offered_by_class[index_of(priority)];
    const Result<Bulkhead::Permit*> permit = co_await use_.enter(exchange);
    if (!permit) co_return;
    (void)co_await origin.serve();
    const Result<Answer> answer = Answer(exchange.arena);
    (*permit)->answered(answer);
    ++seen_.answered;
    ++seen_.answered_by_class[index_of(priority)];
    seen_.latencies.push_back(shard_.shard().reactor.now() - arrived);
  }

  unsigned poisson(double mean) {
    const double end = std::exp(-mean);
    double product = 1;
    unsigned count = 0;
    while ((product *= static_cast<double>(random_.next() >> 11) * 0x1.0p-53) > end) ++count;
    return count;
  }

  BulkheadUse use_;
  Random random_{17};
  double per_millisecond_ = 0;
  double high_ = 0;
  bool coming_ = false;
  Seen seen_;
  Scope scope_;
};

}  // namespace weir
