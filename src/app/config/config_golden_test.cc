// Every kind of mistake, and exactly what is said about it: golden/NAME.txt holds a configuration, a line `---`, and
// the diagnostics. Further files follow a line `=== NAME`. WEIR_BLESS=1 writes what is said now; then read the
// difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/config/document.h"
#include "app/config/include.h"
#include "app/config/source.h"

namespace weir::config {
namespace {

constexpr std::string_view separator = "\n---\n";

PluginNames sample_names() {
  return {.filters = {"headers", "rewrite", "access", "body_limit"},
          .services = {"proxy", "fastcgi", "respond", "redirect"},
          .balancers = {"round_robin"}};
}

std::string read_whole(const std::filesystem::path& path) {
  const std::ifstream file(path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

/// `weir.yaml`, and every file behind a line `=== NAME`.
MemorySource source_of(const std::string& input) {
  MemorySource source;
  source.variables = {{"PASSWORD", "hunter2"}, {"WORKERS", "2"}, {"SYNTAX", "x, via: false }\nroutes: []"}};
  std::string name = "weir.yaml";
  std::istringstream lines(input);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== "))
      name = line.substr(4);
    else
      source.files[name] += line + '\n';
  }
  return source;
}

std::string diagnostics_of(const std::string& input) {
  MemorySource source = source_of(input);
  FileCache cache;
  Diagnostics diagnostics;
  load_document("weir.yaml", source, sample_names(), cache, {}, diagnostics);
  EXPECT_FALSE(diagnostics.text().contains("hunter2")) << "a secret was printed";
  return diagnostics.text();
}

std::filesystem::path folder() {
  return std::filesystem::path(__FILE__).parent_path() / "golden";
}

TEST(ConfigurationGolden, every_mistake_is_told_as_recorded) {
  const bool bless = std::getenv("WEIR_BLESS") != nullptr;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    SCOPED_TRACE(entry.path().filename().string());
    const std::string whole = read_whole(entry.path());
    // The last one: YAML has a `---` of its own.
    const std::size_t end = whole.rfind(separator);
    ASSERT_NE(end, std::string::npos);
    const std::string input = whole.substr(0, end + 1);
    const std::string said = diagnostics_of(input);
    if (bless)
      std::ofstream(entry.path()) << input << separator.substr(1) << said;
    else
      EXPECT_EQ(said, whole.substr(end + separator.size()));
    ++count;
  }
  EXPECT_GE(count, 40U);
}

}  // namespace
}  // namespace weir::config
