// Whatever bytes come, a message is refused as a whole or written again exactly as it came.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/testing/fuzz.h"
#include "filters/limit/fleet/message.h"

using namespace weir;
using namespace weir::limit::fleet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto report = read_report(bytes)) {
    demand(write(*report) == bytes);
    for (const ReportEntry& entry : report->entries)
      demand(std::isfinite(entry.allowance.per_second) && entry.admitted <= entry.offered);
  }
  if (const auto ratios = read_ratios(bytes)) demand(write(*ratios) == bytes);
  if (const auto questions = read_questions(bytes)) demand(write(*questions) == bytes);
  if (const auto answers = read_answers(bytes)) demand(write(*answers) == bytes);
  return 0;
}
