// Reading filters where they are used, and putting named chains in their places.
#pragma once

#include <string>
#include <vector>

#include "app/config/document.h"
#include "contracts/diagnostics.h"

namespace weir::config {

/// The word that inserts a chain into a list of filters.
inline constexpr std::string_view use_word = "use";
/// Filters of one chain, after everything in it was put in place: chains that use chains could otherwise double and
/// double.
inline constexpr std::size_t chain_filters_max = 1000;

/// `compress` or `{ compress: { level: 5 } }`. \param kind  for messages: "filter" or "balancer"
bool read_plugin_use(const Node& node, const Reading& reading, std::string_view kind,
                     const std::vector<std::string_view>& names, PluginUse& out);

/// A list of filters, `use: NAME` among them. Filters with errors are left out.
std::vector<PluginUse> read_filters(const Node& node, const Reading& reading, const PluginNames& names);

/// Replaces every `use` in chains, defaults and hosts of the document; complains about chains that are unknown, that
/// use themselves, or that grow beyond chain_filters_max.
void resolve_chains(Document& document, Diagnostics& diagnostics);

/// Complains about every `use` of an unknown chain among a route's filters.
void check_uses(const std::vector<PluginUse>& filters, const std::vector<std::string_view>& chains,
                Diagnostics& diagnostics);

}  // namespace weir::config
