// By whom requests of a fleet's small limits were decided: part of the page behind /limits, and a family of metrics.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "app/admin/exposition.h"
#include "app/json_writer.h"
#include "filters/limit/fleet/owned_part.h"

namespace weir {

/// Of the rules of one name and allowance, added up.
using OwnedTotals = limit::fleet::OwnedPart::Totals;

void add_owned(std::optional<OwnedTotals>& totals, const limit::fleet::OwnedPart& part);
/// A member `owners` of an object that is open.
void write_owned(JsonWriter& json, const OwnedTotals& owned);
/// A line, ended.
std::string owned_text(const OwnedTotals& owned);
/// \param all  of all rules that owners decide
void add_owned(Exposition& page, const std::vector<OwnedTotals>& all);

}  // namespace weir
