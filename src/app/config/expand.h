// ${env:NAME}, ${env:NAME:-default} and ${file:/path}, put in after parsing.
//
// Problem: secrets and differences between machines do not belong into the file; but text pasted in before parsing can
// become syntax, and values pasted in carelessly turn up in error messages.
// Idea: only the text of scalars is expanded, in the finished tree: a value stays one value whatever it holds. What
// changed is marked as secret, so that messages show `${env:NAME}` and never what came of it.
//
// `$${` is a literal `${`. Names of maps are not expanded. The text of a file loses its last line end.
#pragma once

#include "app/config/source.h"
#include "contracts/diagnostics.h"
#include "contracts/node.h"

namespace weir::config {

/// The tree with everything expanded; subtrees in which nothing was to do are the very same nodes.
Node expand(const Node& node, Source& source, const Reading& reading);

}  // namespace weir::config
