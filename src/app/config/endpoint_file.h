// A file of endpoints beside the configuration: `endpoints: [{ file: shop.endpoints }]`.
//
// Two ways of writing, told apart by the file's name:
//
//   .yaml .yml .json    a list as it would stand behind `endpoints:`
//   all others          one endpoint a line: `10.0.0.11:8080 weight=2 zone=eu-1a`, `srv=_http._tcp.shop`; # for remarks
//
// Idea: a line becomes the same tree that YAML would, with the places of its words, so that one schema reads both and
// complains in the same words about both.
#pragma once

#include "contracts/watched_file.h"
#include "upstream/cluster.h"

namespace weir::config {

const FileKind<EndpointList>& endpoint_file_kind();

}  // namespace weir::config
