// The demands of a rule beyond host and path: method, headers, queries, client.
#pragma once

#include <cstdint>
#include <string_view>

#include "route/index.h"
#include "route/router.h"

namespace weir {

/// The first of these demands that does not hold, in the order in which explanations name them.
enum class FailedValue : std::uint8_t { none, header, query, client };
FailedValue failed_value(const Predicates& predicates, const RouteFacts& facts);

/// \param predicates  of the candidate; null when it has none
bool method_holds(const Candidate& candidate, const Predicates* predicates, const RouteFacts& facts);

bool header_holds(const HeaderDemand& demand, const Fields* fields);

/// Whether the first parameter called like the pattern satisfies it. Names and values of the query are percent-decoded
/// as they are compared and '+' is a space; the pattern is plain text.
/// \source  WHATWG URL, section 5.1 (application/x-www-form-urlencoded parsing)
bool query_holds(const ValuePattern& pattern, std::string_view query);

}  // namespace weir
