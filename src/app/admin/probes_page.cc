// Two families: the questions, and the picks that their answers decided.
#include "app/admin/probes_page.h"

#include "upstream/probe_counts.h"

namespace weir {

void add_load_probes(Exposition& page, SharedStates& states) {
  const auto all = states.all<ProbeCounts>();
  if (all.empty()) return;
  page.family("weir_load_probes_total", "counter",
              "Questions for their load that servers were asked beside requests, by upstream and what became of them.");
  for (const auto& each : all) {
    const auto sample = [&](std::string_view outcome, Cell ProbeCounts::Core::* cell) {
      page.sample({{"upstream", each->upstream()}, {"outcome", outcome}}, each->sum_of(cell));
    };
    sample("reported", &ProbeCounts::Core::reported);
    sample("silent", &ProbeCounts::Core::silent);
    sample("failed", &ProbeCounts::Core::failed);
    sample("skipped", &ProbeCounts::Core::skipped);
  }
  page.family("weir_load_probe_picks_total", "counter",
              "Requests that were sent where such a report said, by upstream.");
  for (const auto& each : all) page.sample({{"upstream", each->upstream()}}, each->sum_of(&ProbeCounts::Core::picks));
}

}  // namespace weir
