// A configuration as it was, read like one that is: its files from the history, its secrets from the machine of today.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/config/source.h"

namespace weir::history {

/// The same files under absolute names: a process may be started from anywhere.
std::vector<config::SourceFile> with_absolute_names(std::vector<config::SourceFile> files);
std::string absolute_name(const std::string& file);

class PastSource final : public config::Source {
 public:
  /// \param machine  for environment variables and ${file:...}; must outlive this
  PastSource(const std::vector<config::SourceFile>& files, config::Source& machine);

  std::expected<std::string, std::string> read(const std::string& file) override;
  std::vector<std::string> match(const std::string& pattern) override;
  std::optional<std::string> environment(const std::string& name) override { return machine_.environment(name); }

 private:
  std::map<std::string, std::shared_ptr<const std::string>> files_;
  config::Source& machine_;
};

}  // namespace weir::history
