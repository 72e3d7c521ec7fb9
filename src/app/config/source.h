// Where configuration text comes from: files, file name patterns and the environment.
//
// Idea: the reader never calls the system itself, so that tests and the fuzzer configure a gateway that has no disk.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::config {

/// A file of a configuration, as it is written.
struct SourceFile {
  std::string name;
  std::shared_ptr<const std::string> text;
};

class Source {
 public:
  virtual ~Source() = default;
  /// The bytes of a file, or why not, for a person ("No such file or directory").
  virtual std::expected<std::string, std::string> read(const std::string& file) = 0;
  /// The files that match a shell pattern, sorted; a name without wildcards matches itself when it exists.
  virtual std::vector<std::string> match(const std::string& pattern) = 0;
  virtual std::optional<std::string> environment(const std::string& name) = 0;
};

/// The machine itself.
class SystemSource final : public Source {
 public:
  std::expected<std::string, std::string> read(const std::string& file) override;
  std::vector<std::string> match(const std::string& pattern) override;
  std::optional<std::string> environment(const std::string& name) override;
};

/// Files and variables that exist only here.
class MemorySource final : public Source {
 public:
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> variables;

  std::expected<std::string, std::string> read(const std::string& file) override;
  std::vector<std::string> match(const std::string& pattern) override;
  std::optional<std::string> environment(const std::string& name) override;
};

}  // namespace weir::config
