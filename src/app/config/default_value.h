// What the declarations say of values that are not written, and of values written short: as nodes, for those who put
// configurations side by side (meaning/canonical) or write everything out (layout/explicit).
#pragma once

#include <optional>

#include "contracts/node.h"
#include "contracts/schema.h"

namespace weir::config {

/// What holds where an option is not written, as one would write it.
/// \returns  nothing where no single value does: it is required, a section with defaults of its own, or what holds
///           hangs on something else, so that written out it would say more than it does unwritten
std::optional<Node> default_of(const SchemaBase& schema, const OptionInfo& option);

/// A map of options that all may be left out: absent, it means its defaults. \param option  that holds it
bool is_section(const OptionInfo& option);

/// The map that a value stands for (`body_limit: 1MiB`); as it is where it stands for none, or is one already.
Node long_form(const Node& node, const SchemaBase& schema);

/// The short form of a map, where the map can also be written as one value that means the same; else the map.
Node short_form(const Node& map, const SchemaBase& schema);

}  // namespace weir::config
