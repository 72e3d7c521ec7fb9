// A configuration from files, compiled as the process would, for commands that run without one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/compile.h"

namespace weir {

struct LoadedConfiguration {
  config::Document document;
  std::shared_ptr<const Gateway> gateway;   ///< null when there were errors
  std::vector<std::string> listener_names;  ///< by the ids the rules were compiled with
  Diagnostics diagnostics;                  ///< sorted
};

LoadedConfiguration load_configuration(const std::string& file);
/// The same from elsewhere than the disk.
LoadedConfiguration load_configuration(const std::string& file, config::Source& source);

}  // namespace weir
