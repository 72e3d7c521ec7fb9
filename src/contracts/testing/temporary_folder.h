// A folder of files for one test, gone with it.
//
//   TemporaryFolder folder;
//   folder.write("users", "ann:$2y$...\n");
//   folder.enter();   // relative names in options are found there
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/invariant.h"

namespace weir {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "weir-test-XXXXXX";
    invariant(::mkdtemp(name.data()) != nullptr, "a test may make a folder");
    folder_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    if (!before_.empty()) std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  /// As careful people do: beside it, then in its place. So it is another file each time.
  void write(const std::string& name, std::string_view text, mode_t mode = 0640) const {
    const std::string next = path(name) + ".next";
    std::ofstream(next, std::ios::binary) << text;
    invariant(::chmod(next.c_str(), mode) == 0, "a test may set permissions");
    std::filesystem::rename(next, path(name));
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }

  /// Makes it the current folder until the end.
  void enter() {
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
  }

 private:
  std::filesystem::path folder_;
  std::filesystem::path before_;
};

}  // namespace weir
