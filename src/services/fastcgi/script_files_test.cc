// Shows: only ordinary files below the root are found, whatever links say.
// How: a folder of the test's own.
#include "services/fastcgi/script_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace weir {
namespace {

class ScriptFiles : public testing::Test {
 protected:
  ScriptFiles() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-scripts-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    std::filesystem::create_directories(root() + "/blog");
    write(root() + "/blog/a.php");
    write(folder + "/outside.php");
  }
  ~ScriptFiles() override { std::filesystem::remove_all(folder); }

  [[nodiscard]] std::string root() const { return folder + "/root"; }
  static void write(const std::string& path) { std::ofstream(path) << "<?php"; }
  /// With waiting; without it the kernel may have nothing at hand.
  [[nodiscard]] ScriptFound find(std::string_view script) const {
    const ScriptFound at_once = find_script(root(), script, DiskWait::never);
    const ScriptFound waited = find_script(root(), script, DiskWait::allowed);
    EXPECT_TRUE(at_once == waited || at_once == ScriptFound::would_wait);
    return waited;
  }

  std::string folder;
};

TEST_F(ScriptFiles, finds_files_and_nothing_else) {
  ASSERT_EQ(::mkfifo((root() + "/pipe.php").c_str(), 0600), 0);
  EXPECT_EQ(find("/blog/a.php"), ScriptFound::yes);
  EXPECT_EQ(find("/blog/b.php"), ScriptFound::no);
  EXPECT_EQ(find("/blog"), ScriptFound::no);
  EXPECT_EQ(find("/blog/a.php/b.php"), ScriptFound::no);
  EXPECT_EQ(find("/pipe.php"), ScriptFound::no);
}

TEST_F(ScriptFiles, nothing_leads_out_of_the_root) {
  std::filesystem::create_symlink("../../outside.php", root() + "/blog/link.php");
  std::filesystem::create_symlink(folder + "/outside.php", root() + "/absolute.php");
  std::filesystem::create_symlink("blog/a.php", root() + "/inside.php");
  EXPECT_EQ(find("/blog/link.php"), ScriptFound::no);
  EXPECT_EQ(find("/absolute.php"), ScriptFound::no);
  EXPECT_EQ(find("/../outside.php"), ScriptFound::no);
  EXPECT_EQ(find("/inside.php"), ScriptFound::yes);
}

TEST_F(ScriptFiles, root_may_be_a_link_that_moves) {
  const std::string current = folder + "/current";
  std::filesystem::create_directory_symlink(root(), current);
  EXPECT_EQ(find_script(current, "/blog/a.php", DiskWait::allowed), ScriptFound::yes);
  std::filesystem::remove(current);
  std::filesystem::create_directory_symlink(folder, current);
  EXPECT_EQ(find_script(current, "/blog/a.php", DiskWait::allowed), ScriptFound::no);
  EXPECT_EQ(find_script(current, "/outside.php", DiskWait::allowed), ScriptFound::yes);
}

}  // namespace
}  // namespace weir
