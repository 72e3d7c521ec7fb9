// From YAML text to a tree of Nodes. yaml-cpp is used in yaml_reader.cc and nowhere else.
//
// Problem: YAML has features that surprise: anchors that multiply, merge keys, tags, several documents, duplicate keys
// silently kept, `no` as a boolean.
// Idea: the library's events, not its tree, are turned into Nodes. A scalar stays its text; only a schema that asks for
// a boolean reads one. What surprises is an error that says what to write instead.
//
// Invariants
//   (1) No bytes make it crash, recurse without bound, or take time that is not linear in their number.
//   (2) It throws nothing: the library's exceptions end here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "contracts/diagnostics.h"
#include "contracts/node.h"

namespace weir::config {

/// Nesting of lists and maps. The grammar needs about ten; readers recurse, so it is bounded.
inline constexpr std::size_t yaml_depth_max = 48;

/// \param file_name  from intern_file_name(), for places
/// \returns  the tree, an empty file being a null node; nothing when an error makes all of it meaningless
std::optional<Node> read_yaml(std::string_view bytes, const std::string* file_name, Diagnostics& diagnostics);

}  // namespace weir::config
