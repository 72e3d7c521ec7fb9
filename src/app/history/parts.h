// Cutting the text of a configuration file so that an edit changes few of the parts.
//
// Idea: a cut is only made where a section or a route begins, and whether it is made depends on what stands before it:
// so the parts around an edit stay what they were (content-defined chunking). Putting the parts together again gives
// the text byte for byte; where to cut is a matter of thrift, never of correctness, so no parser is needed.
#pragma once

#include <string_view>
#include <vector>

namespace weir::history {

/// Views into `text`, in order; none is empty.
std::vector<std::string_view> parts_of(std::string_view text);

}  // namespace weir::history
