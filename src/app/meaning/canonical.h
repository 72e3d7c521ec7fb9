// A configuration in the one form in which equal meaning is equal text.
//
// Problem: `":8080"` and `{ address: ":8080" }`, `60s` and `1m`, `method: GET` and `method: [GET]` say the same, and so
// does a default that is written out. Whoever compares configurations must not report these.
// Idea: the schemas know shorthands, lists of one, units and defaults; a walk guided by them writes everything long and
// leaves out what is default. Nothing is expanded: `${env:TOKEN}` stands for itself.
#pragma once

#include <string>
#include <vector>

#include "app/config/source.h"
#include "contracts/diagnostics.h"
#include "contracts/node.h"

namespace weir {
class SchemaBase;
}

namespace weir::meaning {

struct Meaning {
  Node sections;             ///< all files' sections but routes, as one map
  std::vector<Node> routes;  ///< of all files, from top to bottom
};

/// Reads a file with its includes. What cannot be read is in `diagnostics` and missing from the result.
Meaning meaning_of(const std::string& file, config::Source& source, Diagnostics& diagnostics);

/// The long form of a value of that type. \param nested  the schema of the value, or of each item or value; or null
Node canonical(const Node& node, std::string_view type, const SchemaBase* nested);

/// As one would write it, on one line: `{ path: /cart/*, method: [GET] }`.
std::string flow_text(const Node& node);

}  // namespace weir::meaning
