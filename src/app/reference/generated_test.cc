// The committed pages are the ones that the declarations make now. WEIR_BLESS=1 writes them: `./dev generate`.
#include "app/reference/generated.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/catalog.h"
#include "app/commands/commands.h"
#include "app/config/yaml_reader.h"
#include "app/reference/chapters.h"

namespace weir::reference {
namespace {

std::filesystem::path root() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path().parent_path();
}

std::string read_whole(const std::filesystem::path& path) {
  const std::ifstream file(path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

TEST(Generated, committed_files_are_current) {
  const bool bless = std::getenv("WEIR_BLESS") != nullptr;
  // __FILE__ may be relative to the build's folder.
  ASSERT_TRUE(std::filesystem::exists(root() / "CMakeLists.txt")) << "run me in the folder of my build";
  for (const GeneratedFile& file : generated_files()) {
    const std::filesystem::path path = root() / file.path;
    const std::string made = file.content();
    if (bless) {
      std::filesystem::create_directories(path.parent_path());
      std::ofstream(path) << made;
      continue;
    }
    EXPECT_TRUE(read_whole(path) == made)
        << file.path << " is not what the declarations make now (a command, a flag or an option has changed).\n"
        << "Write it anew with `./dev generate`, and commit the difference.";
  }
}

TEST(Generated, every_option_says_what_it_is_for) {
  for (const Chapter& chapter : chapters()) {
    EXPECT_TRUE(chapter.schema->doc().ends_with('.')) << chapter.path << ": its sentence has no end";
    for (const OptionInfo& option : chapter.schema->options()) {
      EXPECT_FALSE(option.doc.empty()) << chapter.path << "." << option.name << " needs a sentence in its declaration";
      EXPECT_FALSE(option.type.empty()) << chapter.path << "." << option.name;
    }
  }
}

TEST(Generated, every_plugin_has_a_chapter) {
  const std::string page = reference_page();
  for (const FilterKind* kind : filter_kinds())
    EXPECT_TRUE(page.contains(std::string("### ") + std::string(kind->name)));
  for (const ServiceKind* kind : service_kinds())
    EXPECT_TRUE(page.contains(std::string("### ") + std::string(kind->name)));
}

}  // namespace
}  // namespace weir::reference
