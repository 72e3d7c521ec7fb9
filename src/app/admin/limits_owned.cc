// What owners decided, as sums over rules and cores, and as the sentences that operators read.
#include "app/admin/limits_owned.h"

#include <fmt/format.h>

namespace weir {
namespace {

using limit::fleet::OwnedSource;

std::uint64_t count_of(const OwnedTotals& owned, OwnedSource source) {
  return owned.decided[static_cast<std::size_t>(source)];
}

void add(OwnedTotals& sum, const OwnedTotals& one) {
  sum.here += one.here;
  sum.for_others += one.for_others;
  for (std::size_t source = 0; source < sum.decided.size(); ++source) sum.decided[source] += one.decided[source];
}

}  // namespace

void add_owned(std::optional<OwnedTotals>& totals, const limit::fleet::OwnedPart& part) {
  if (!totals) totals.emplace();
  add(*totals, part.totals());
}

void write_owned(JsonWriter& json, const OwnedTotals& owned) {
  json.key("owners").begin_object().member("here", owned.here).member("for_others", owned.for_others);
  for (std::size_t source = 0; source < owned.decided.size(); ++source)
    json.member(limit::fleet::name_of(static_cast<OwnedSource>(source)), owned.decided[source]);
  json.end_object();
}

std::string owned_text(const OwnedTotals& owned) {
  return fmt::format(
      "  by the owners of its keys: {} here, {} by others that were asked, {} refused lately; by this machine's share: "
      "{} late, {} lost; {} decided for others\n",
      owned.here, count_of(owned, OwnedSource::asked), count_of(owned, OwnedSource::refused_lately),
      count_of(owned, OwnedSource::late), count_of(owned, OwnedSource::lost), owned.for_others);
}

void add_owned(Exposition& page, const std::vector<OwnedTotals>& all) {
  if (all.empty()) return;
  OwnedTotals sum;
  for (const OwnedTotals& one : all) add(sum, one);
  page.family("weir_fleet_owned_total", "counter",
              "Requests of small limits of a fleet, by who decided: this machine as the owner, another that was asked, "
              "its refusal of before; or, for want of an answer (late, lost), this machine's share.");
  page.sample({{"decided", "here"}}, sum.here);
  for (std::size_t source = 0; source < sum.decided.size(); ++source)
    page.sample({{"decided", limit::fleet::name_of(static_cast<OwnedSource>(source))}}, sum.decided[source]);
  page.family("weir_fleet_owned_for_others_total", "counter",
              "Requests of small limits that other machines asked this one about.");
  page.sample({}, sum.for_others);
}

}  // namespace weir
