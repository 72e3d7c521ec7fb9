// The whole of the configuration as a list of chapters: each map that can be written, with its options.
//
// Idea: the schemas form a tree (configuration, upstreams, timeouts ...; each plug-in's own below it). Pages want it
// flat and in reading order, each map once, under the path at which one writes it.
#pragma once

#include <string>
#include <vector>

#include "contracts/schema.h"

namespace weir::reference {

enum class ChapterKind : std::uint8_t { section, filter, service, balancer };

struct Chapter {
  ChapterKind kind = ChapterKind::section;
  std::string path;  ///< `upstreams.NAME.timeouts`, `routes[].match`, `headers.request`; empty for the top level
  const SchemaBase* schema = nullptr;
};

/// Depth first: a map stands before the maps in it. First the sections, then filters, services, balancers.
std::vector<Chapter> chapters();

/// The same of one schema alone. \param path  where its options are written
std::vector<Chapter> chapters_of(const SchemaBase& schema, ChapterKind kind, const std::string& path);

}  // namespace weir::reference
