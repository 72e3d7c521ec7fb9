// One sample for each name; cells of all cores, added up.
#include "app/admin/overload_page.h"

#include <memory>
#include <vector>

#include "overload/bulkhead.h"
#include "overload/circuit_breaker.h"

namespace weir {
namespace {

void add_bulkheads(Exposition& page, const std::vector<const Bulkhead*>& all) {
  page.family("weir_concurrency_in_flight", "gauge", "Requests that have a place, by the name of their bulkhead.");
  for (const Bulkhead* each : all) page.sample({{"name", each->name()}}, std::uint64_t{each->in_flight()});
  page.family("weir_concurrency_limit", "gauge", "Places there are at this moment.");
  for (const Bulkhead* each : all) page.sample({{"name", each->name()}}, std::uint64_t{each->limit()});
  page.family("weir_concurrency_waiting", "gauge", "Requests that wait for a place.");
  for (const Bulkhead* each : all) page.sample({{"name", each->name()}}, std::uint64_t{each->waiting()});
  page.family("weir_concurrency_baseline_seconds", "gauge",
              "How long an answer takes when nobody waits; 0: not known.");
  for (const Bulkhead* each : all)
    page.sample({{"name", each->name()}}, std::chrono::duration<double>(each->baseline()).count());
  page.family("weir_concurrency_requests_total", "counter",
              "Requests that came for a place, by class and verdict: entered, refused at once, shed after waiting.");
  for (const Bulkhead* each : all) {
    for (std::size_t priority = 0; priority < priorities; ++priority) {
      std::uint64_t entered = 0;
      std::uint64_t refused = 0;
      std::uint64_t shed = 0;
      for (const Bulkhead::Counts* counts : each->counts()) {
        entered += counts->entered[priority].get();
        refused += counts->refused[priority].get();
        shed += counts->shed[priority].get();
      }
      const auto sample = [&](std::string_view verdict, std::uint64_t count) {
        page.sample({{"name", each->name()}, {"class", priority_names[priority]}, {"verdict", verdict}}, count);
      };
      sample("entered", entered);
      sample("refused", refused);
      sample("shed", shed);
    }
  }
}

void add_breakers(Exposition& page, const std::vector<const Circuit*>& all) {
  page.family("weir_circuit_breaker_state", "gauge", "0 closed, 1 open, 2 half open; by name.");
  for (const Circuit* each : all) page.sample({{"name", each->name()}}, std::uint64_t{index_of(each->state().phase)});
  page.family("weir_circuit_breaker_opened_total", "counter", "How often it opened.");
  for (const Circuit* each : all) page.sample({{"name", each->name()}}, each->opened());
  page.family("weir_circuit_breaker_requests_total", "counter",
              "Requests by verdict: passed, refused; of those passed, failed and slow.");
  for (const Circuit* each : all) {
    std::uint64_t passed = 0;
    std::uint64_t refused = 0;
    std::uint64_t failed = 0;
    std::uint64_t slow = 0;
    for (const Circuit::Core& core : each->cores()) {
      passed += core.passed.get();
      refused += core.refused.get();
      failed += core.failed.get();
      slow += core.slow.get();
    }
    const auto sample = [&](std::string_view verdict, std::uint64_t count) {
      page.sample({{"name", each->name()}, {"verdict", verdict}}, count);
    };
    sample("passed", passed);
    sample("refused", refused);
    sample("failed", failed);
    sample("slow", slow);
  }
}

}  // namespace

void add_overload(Exposition& page, SharedStates& states) {
  // Their states are held by configurations, which may go while this looks.
  std::vector<const Bulkhead*> bulkheads;
  std::vector<const Circuit*> circuits;
  std::vector<std::shared_ptr<SharedState>> held;
  states.for_each<Bulkhead>([&](Bulkhead& each) {
    held.push_back(each.shared_from_this());
    bulkheads.push_back(&each);
  });
  states.for_each<Circuit>([&](Circuit& each) {
    held.push_back(each.shared_from_this());
    circuits.push_back(&each);
  });
  if (!bulkheads.empty()) add_bulkheads(page, bulkheads);
  if (!circuits.empty()) add_breakers(page, circuits);
}

}  // namespace weir
