// Whatever a file of a time zone says, reading it ends in an error or in a zone whose periods divide time.
//
// Input: eight bytes of a moment, then the file; when it does not begin as one, the rest of it is a rule alone.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "filters/limit/calendar.h"

using namespace weir::limit;

namespace {

void check_periods(const TimeZone& zone, std::int64_t moment) {
  for (const PeriodUnit unit :
       {PeriodUnit::minute, PeriodUnit::hour, PeriodUnit::day, PeriodUnit::week, PeriodUnit::month}) {
    const Period period = period_at(zone, unit, moment);
    weir::invariant(period.begin <= moment && moment < period.end, "a moment lies in its period");
    weir::invariant(period_at(zone, unit, period.end).begin == period.end, "the next one follows");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8 || size > 8192) return 0;
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < 8; ++at) number = number << 8U | data[at];
  const auto moment = static_cast<std::int64_t>(number % 4'102'444'800U);  // 1970 to 2100
  const std::string_view rest(reinterpret_cast<const char*>(data) + 8, size - 8);
  if (rest.starts_with("TZif")) {
    if (const auto zone = TimeZone::parse(rest)) check_periods(*zone, moment);
    return 0;
  }
  // A file without changes and with this rule.
  if (!parse_zone_rule(rest)) return 0;
  std::string file = "TZif2" + std::string(15 + 24, '\0');
  const std::string header =
      "TZif2" + std::string(15, '\0') + std::string(16, '\0') + std::string("\0\0\0\1", 4) + std::string("\0\0\0\4", 4);
  file += header + std::string(6, '\0') + "LMT" + '\0' + '\n' + std::string(rest) + '\n';
  const auto zone = TimeZone::parse(file);
  weir::invariant(zone.has_value() || rest.contains('\n'), "a rule stands in a file as it stands alone");
  if (zone) check_periods(*zone, moment);
  return 0;
}
