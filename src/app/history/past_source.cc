// Names are compared as absolute ones.
#include "app/history/past_source.h"

#include <fnmatch.h>

#include <filesystem>

namespace weir::history {

std::string absolute_name(const std::string& file) {
  std::error_code failed;
  const std::filesystem::path whole = std::filesystem::absolute(file, failed);
  return (failed ? std::filesystem::path(file) : whole).lexically_normal().string();
}

std::vector<config::SourceFile> with_absolute_names(std::vector<config::SourceFile> files) {
  for (config::SourceFile& file : files) file.name = absolute_name(file.name);
  return files;
}

PastSource::PastSource(const std::vector<config::SourceFile>& files, config::Source& machine) : machine_(machine) {
  for (const config::SourceFile& file : files) files_.emplace(absolute_name(file.name), file.text);
}

std::expected<std::string, std::string> PastSource::read(const std::string& file) {
  const auto found = files_.find(absolute_name(file));
  if (found == files_.end()) return machine_.read(file);
  return *found->second;
}

std::vector<std::string> PastSource::match(const std::string& pattern) {
  std::vector<std::string> matching;
  const std::string whole = absolute_name(pattern);
  for (const auto& [name, text] : files_) {
    if (fnmatch(whole.c_str(), name.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) matching.push_back(name);
  }
  return matching;
}

}  // namespace weir::history
