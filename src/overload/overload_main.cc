// Prints the overload table: what a bulkhead that finds its limit out makes of half to five times what an origin can
// do, and how soon it follows when that changes. In virtual time, by the code that users run.
//
//   weir_overload          rows of text
//   weir_overload --json   one object a line, for ./dev bench overload
#include <fmt/format.h>

#include <string_view>

#include "overload/testing/overload_world.h"

namespace weir {
namespace {

using std::chrono::seconds;

struct Named {
  std::string_view name;
  OriginPlan plan;
  bool judged = true;  ///< its service times vary, as real ones do
};

constexpr std::array origins{
    Named{"64 workers, 10 ms, exponential", {64, 10, ServiceTime::exponential}},
    Named{"64 workers, 10 ms, long tail", {64, 10, ServiceTime::long_tailed}},
    Named{"64 workers, 10 ms, even", {64, 10, ServiceTime::even}, false},
    Named{"16 workers, 50 ms, exponential", {16, 50, ServiceTime::exponential}},
};
constexpr std::array loads{0.5, 0.8, 1.0, 1.2, 2.0, 3.0, 5.0};

bool json = false;

struct Row {
  std::string_view what;
  double offered = 0;  ///< times the capacity of all workers
  double goodput = 0;  ///< of the possible
  double p99 = 0;      ///< times that of the origin as it is, when it is idle
  std::uint32_t limit = 0;
};

void print(const Named& origin, const Row& row) {
  if (json) {
    fmt::print(
        "{{\"origin\":\"{}\",\"judged\":{},\"what\":\"{}\",\"offered\":{:.2f},\"goodput\":{:.4f},\"p99\":{:.3f},"
        "\"limit\":{}}}\n",
        origin.name, origin.judged, row.what, row.offered, row.goodput, row.p99, row.limit);
  } else {
    fmt::print("{:<32} {:<24} {:>4.1f}x  goodput {:>6.1f} %  p99 {:>5.2f}x idle  limit {:>4}\n", origin.name, row.what,
               row.offered, 100 * row.goodput, row.p99, row.limit);
  }
}

/// What was seen, against what was possible.
class Measurement {
 public:
  explicit Measurement(const Named& origin)
      : origin_(origin), capacity_(SimulatedOrigin::capacity_per_second(origin.plan)) {
    OverloadWorld idle(origin.plan, {});
    idle.come(capacity_ / 10);
    idle_p99_ = idle.watch(seconds{60}).milliseconds_at(0.99);
  }

  void at(double load) const {
    OverloadWorld world(origin_.plan, {});
    world.come(load * capacity_);
    (void)world.watch(seconds{5});
    tell(world, "steady", load, 1, 1);
    if (load < 2) return;
    world.origin.workers = origin_.plan.workers / 2;
    follow(world, "half the workers gone", load, 0.5, 1);
    world.origin.workers = origin_.plan.workers;
    follow(world, "they are back", load, 1, 1);
    world.origin.slower = 2;
    follow(world, "twice as slow", load, 0.5, 2);
    world.origin.slower = 1;
    follow(world, "as fast as before", load, 1, 1);
  }

 private:
  /// Five seconds are given; what is told is what comes behind them.
  void follow(OverloadWorld& world, std::string_view what, double load, double can, double slower) const {
    (void)world.watch(seconds{5});
    tell(world, what, load, can, slower);
  }
  /// \param can  part of its capacity that the origin has  \param slower  times its answers take when it is idle
  void tell(OverloadWorld& world, std::string_view what, double load, double can, double slower) const {
    constexpr seconds time{20};
    const Seen seen = world.watch(time);
    const double possible = std::min(load, can) * capacity_ * static_cast<double>(time.count());
    print(origin_, {.what = what,
                    .offered = load,
                    .goodput = static_cast<double>(seen.answered) / possible,
                    .p99 = seen.milliseconds_at(0.99) / (idle_p99_ * slower),
                    .limit = world.bulkhead->limit()});
  }

  const Named& origin_;
  double capacity_;
  double idle_p99_ = 0;
};

}  // namespace
}  // namespace weir

int main(int count, char** arguments) {
  weir::json = count > 1 && std::string_view(arguments[1]) == "--json";
  for (const weir::Named& named : weir::origins) {
    const weir::Measurement measurement(named);
    for (const double load : weir::loads) measurement.at(load);
  }
  return 0;
}
