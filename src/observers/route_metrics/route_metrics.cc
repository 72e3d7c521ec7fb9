// The tables behind route_metrics.h.
#include "observers/route_metrics/route_metrics.h"

#include <algorithm>

namespace weir {

class RouteMetrics::Table {
 public:
  RouteCells& cells_of(std::string_view route) {
    Remembered& entry = cache_[index_of(route)];
    if (entry.data != route.data() || entry.cells->route != route) {
      entry = {route.data(), &find_or_add(route)};
    }
    return *entry.cells;
  }

  template <typename Visit>
  void for_each(Visit visit) const {
    const std::size_t count = published_count_.load(std::memory_order_acquire);
    for (std::size_t at = 0; at < count; ++at) visit(*published_[at]);
  }

 private:
  struct Remembered {
    const char* data = nullptr;
    RouteCells* cells = nullptr;
  };
  static constexpr std::size_t cache_size = 256;

  static std::size_t index_of(std::string_view route) {
    // Names lie at least 16 bytes apart; the product spreads what is left over the high bits.
    const auto address = reinterpret_cast<std::uintptr_t>(route.data()) >> 4U;
    return static_cast<std::size_t>((address * 0x9E3779B97F4A7C15ULL) >> 56U);
  }

  RouteCells& find_or_add(std::string_view route) {
    if (const auto found = by_name_.find(route); found != by_name_.end()) return *found->second;
    const std::size_t count = published_count_.load(std::memory_order_relaxed);
    if (count >= routes_max - 1 && route != other_route) return find_or_add(other_route);
    published_[count] = std::make_unique<RouteCells>(route);
    RouteCells& added = *published_[count];
    by_name_.emplace(added.route, &added);
    published_count_.store(count + 1, std::memory_order_release);
    return added;
  }

  std::array<Remembered, cache_size> cache_{};
  std::unordered_map<std::string_view, RouteCells*> by_name_;  // of the core alone; names are the cells'
  std::array<std::unique_ptr<RouteCells>, routes_max> published_;
  std::atomic<std::size_t> published_count_{0};
};

RouteMetrics::RouteMetrics() = default;

RouteMetrics::~RouteMetrics() {
  for (const auto& table : tables_) delete table.load(std::memory_order_relaxed);
}

RouteMetrics::Table& RouteMetrics::table_of(unsigned shard) {
  invariant(shard < cores_max, "a machine has at most as many cores as the route metrics know");
  Table* table = tables_[shard].load(std::memory_order_relaxed);
  if (table == nullptr) {
    table = new Table();
    tables_[shard].store(table, std::memory_order_release);
  }
  return *table;
}

void RouteMetrics::ended(const Exchange& exchange, const Delivery& delivery) {
  RouteCells& cells =
      table_of(exchange.shard.id).cells_of(exchange.route_name.empty() ? no_route : exchange.route_name);
  cells.responses_by_class[std::min<unsigned>(delivery.status / 100U, 5)].add();
  const Timings& timings = exchange.timings;
  // A tunnel lasts as long as its two ends like: that says nothing about the route.
  if (timings.head_started == Time{} || delivery.status == 101) return;
  cells.duration.observe(timings.finished - timings.head_started);
}

std::map<std::string, RouteTotals, std::less<>> RouteMetrics::totals() const {
  std::map<std::string, RouteTotals, std::less<>> all;
  for (const auto& slot : tables_) {
    const Table* table = slot.load(std::memory_order_acquire);
    if (table == nullptr) continue;
    table->for_each([&](const RouteCells& cells) {
      RouteTotals& sum = all[cells.route];
      for (std::size_t at = 0; at < sum.responses_by_class.size(); ++at) {
        sum.responses_by_class[at] += cells.responses_by_class[at].get();
      }
      for (std::size_t at = 0; at < sum.durations.size(); ++at) sum.durations[at] += cells.duration.count(at);
      sum.duration_seconds += cells.duration.total_seconds();
    });
  }
  return all;
}

}  // namespace weir
