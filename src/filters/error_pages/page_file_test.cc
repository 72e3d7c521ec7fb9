// Where a named file is looked for, and what is said when it cannot be read.
#include "filters/error_pages/page_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace weir {
namespace {

const Place written{.file_name = intern_file_name("/etc/weir/sites/shop.yaml"), .line = 1, .column = 1};

TEST(PageFile, relative_name_starts_beside_the_configuration_file) {
  EXPECT_EQ(page_path("pages/404.html", written), "/etc/weir/sites/pages/404.html");
  EXPECT_EQ(page_path("../404.html", written), "/etc/weir/404.html");
  EXPECT_EQ(page_path("/srv/404.html", written), "/srv/404.html");
  EXPECT_EQ(page_path("404.html", Place{}), "404.html");
}

TEST(PageFile, reads_up_to_the_limit_and_says_why_not) {
  const std::string path = (std::filesystem::path(testing::TempDir()) / "weir_page_file").string();
  std::ofstream(path) << std::string(100'000, 'x');
  EXPECT_EQ(read_page_file(path, 100'000), std::string(100'000, 'x'));
  EXPECT_EQ(read_page_file(path, 65'536).error(), "it has more than 64KiB");
  std::filesystem::remove(path);
  EXPECT_EQ(read_page_file(path, 1).error(), "No such file or directory");
  EXPECT_EQ(read_page_file("/", 1).error(), "it is not a regular file");
}

}  // namespace
}  // namespace weir
