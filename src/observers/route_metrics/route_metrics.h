// How each route does: answers by class, and how long they took.
//
// Problem: figures per route must cost a few nanoseconds per request, survive reloads, and stay bounded whatever the
// configuration names.
// Idea: each core has a table of cells by route name that only grows. A small cache in front of it is indexed by where
// the name lies in memory: names belong to the configuration and stay put until the next reload, so the name itself is
// compared but hardly ever hashed.
//
// Invariants
//   (1) A core writes its own table only; others read published entries, which never move and never go.
//   (2) A table has at most routes_max entries; whatever comes later counts under `other`.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contracts/metrics.h"
#include "contracts/observer.h"

namespace weir {

/// The figures of one route on one core.
struct RouteCells {
  explicit RouteCells(std::string_view name) : route(name) {}

  const std::string route;
  std::array<Cell, 6> responses_by_class;  ///< [0] is: no answer was sent
  DurationHistogram duration;              ///< of the whole exchange, tunnels excepted
};

/// The figures of one route, summed over all cores.
struct RouteTotals {
  std::array<std::uint64_t, 6> responses_by_class{};
  std::array<std::uint64_t, DurationHistogram::bounds_seconds.size() + 1> durations{};  ///< not cumulative
  double duration_seconds = 0;
};

class RouteMetrics final : public Observer {
 public:
  static constexpr std::size_t routes_max = 1000;
  static constexpr std::string_view other_route = "other";
  /// What a request counts under that no route took.
  static constexpr std::string_view no_route = "none";

  RouteMetrics();
  ~RouteMetrics() override;

  void ended(const Exchange& exchange, const Delivery& delivery) override;

  /// From any thread.
  [[nodiscard]] std::map<std::string, RouteTotals, std::less<>> totals() const;

 private:
  class Table;
  static constexpr std::size_t cores_max = 1024;

  Table& table_of(unsigned shard);

  std::array<std::atomic<Table*>, cores_max> tables_{};
};

}  // namespace weir
