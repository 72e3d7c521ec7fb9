// What only the whole configuration can tell: does that upstream exist, is that name taken?
//
// Idea: each check is one linear pass over the document with a table of names; errors first, then warnings about what
// stands there and does nothing.
#pragma once

#include "app/config/document.h"
#include "contracts/diagnostics.h"

namespace weir::config {

void check_document(const Document& document, Diagnostics& diagnostics);

}  // namespace weir::config
