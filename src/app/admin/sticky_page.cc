// One family; its verdicts are those of the decision, and what was no cookie of ours.
#include "app/admin/sticky_page.h"

#include "upstream/sticky_counts.h"

namespace weir {

void add_sticky(Exposition& page, SharedStates& states) {
  const auto all = states.all<StickyCounts>();
  if (all.empty()) return;
  page.family("weir_sticky_total", "counter", "What became of sticky cookies, by upstream.");
  for (const auto& each : all) {
    const auto sample = [&](std::string_view verdict, Cell StickyCounts::Core::* cell) {
      page.sample({{"upstream", each->upstream()}, {"verdict", verdict}}, each->sum_of(cell));
    };
    sample("kept", &StickyCounts::Core::kept);
    sample("moved", &StickyCounts::Core::moved);
    sample("refused", &StickyCounts::Core::refused);
    sample("foreign", &StickyCounts::Core::foreign);
  }
}

}  // namespace weir
