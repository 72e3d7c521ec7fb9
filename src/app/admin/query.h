// The parameters of an admin request.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace weir {

/// Percent-escapes decoded and '+' as a space; a malformed escape stands for itself.
std::string query_decoded(std::string_view text);
/// The values of all parameters of that name, decoded, in order.
std::vector<std::string> query_values(std::string_view query, std::string_view name);
/// The first of them.
std::optional<std::string> query_value(std::string_view query, std::string_view name);
/// A duration as configurations write it: `30s`.
std::optional<Duration> duration_of(const std::string& written);

}  // namespace weir
