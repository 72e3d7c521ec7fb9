// A file that changes while it is watched: on a real disk, with the clock of a simulated core.
#include "contracts/watched_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/text.h"
#include "contracts/testing/temporary_folder.h"
#include "contracts/testing/test_shard.h"
#include "runtime/wait_out.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// A file of one number; anything else is a mistake in line 1.
std::shared_ptr<const std::uint64_t> parse_number(std::string_view bytes, FileReport& report) {
  const auto number = text::parse_decimal(bytes);
  if (!number) report.error(1, "this is no number");
  return number ? std::make_shared<const std::uint64_t>(*number) : nullptr;
}

constexpr FileKind<std::uint64_t> number_file{
    .name = "numbers", .bytes_max = 1024, .secret = true, .parse = &parse_number};

class WatchedFileTest : public testing::Test {
 protected:
  WatchedFileTest() { write("1"); }

  void write(std::string_view text, mode_t mode = 0640) { folder.write("number", text, mode); }
  [[nodiscard]] std::string path() const { return folder.path("number"); }
  std::shared_ptr<WatchedFile<std::uint64_t>> watch() {
    diagnostics = {};
    files.begin();
    return files.watch(number_file, path(), {}, "option", diagnostics);
  }
  void pass(Duration duration) { shard.run_to_end(wait_out(shard.shard().reactor, duration)); }

  TemporaryFolder folder;
  std::vector<std::string> told;
  WatchedFiles files{[this](bool, const std::string& sentence) { told.push_back(sentence); }};
  Diagnostics diagnostics;
  TestShard shard;
};

TEST_F(WatchedFileTest, changed_file_is_read_again_within_its_interval) {
  const auto file = watch();
  ASSERT_TRUE(file) << diagnostics.text();
  EXPECT_EQ(file->on(shard.shard()), 1U);
  write("2");
  EXPECT_EQ(file->on(shard.shard()), 1U) << "nobody looks at once";
  pass(limits::watched_file_interval);
  EXPECT_EQ(file->on(shard.shard()), 2U);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told.front().ends_with("read again, because the file has changed")) << told.front();
}

TEST_F(WatchedFileTest, unchanged_file_is_not_parsed_again) {
  const auto file = watch();
  const std::uint64_t* const before = &file->on(shard.shard());
  pass(3s);
  EXPECT_EQ(&file->on(shard.shard()), before);
  EXPECT_TRUE(told.empty());
}

TEST_F(WatchedFileTest, mistakes_change_nothing_and_are_told_once) {
  const auto file = watch();
  EXPECT_EQ(file->on(shard.shard()), 1U);
  write("one");
  for (int again = 0; again < 3; ++again) {
    pass(2s);
    EXPECT_EQ(file->on(shard.shard()), 1U);
  }
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told.front().starts_with(path() + ":1:1: this is no number\n")) << told.front();
  std::filesystem::remove(path());
  pass(2s);
  EXPECT_EQ(file->on(shard.shard()), 1U);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_TRUE(told.back().contains("cannot be read any more (No such file or directory)")) << told.back();
}

TEST_F(WatchedFileTest, reload_repeats_what_is_wrong) {
  write("one");
  for (int again = 0; again < 2; ++again) {
    EXPECT_FALSE(watch());
    EXPECT_TRUE(diagnostics.text().contains("number:1:1: this is no number")) << diagnostics.text();
  }
  std::filesystem::remove(path());
  EXPECT_FALSE(watch());
  EXPECT_TRUE(diagnostics.text().contains("option: cannot read " + path())) << diagnostics.text();
}

TEST_F(WatchedFileTest, is_shared_by_all_who_name_it) {
  const auto first = watch();
  const auto second = files.watch(number_file, path(), {}, "option", diagnostics);
  EXPECT_EQ(first, second);
  EXPECT_EQ(watch(), first) << "and by the next configuration";
}

TEST_F(WatchedFileTest, reload_takes_over_at_once) {
  const auto file = watch();
  EXPECT_EQ(file->on(shard.shard()), 1U);
  write("2");
  watch();
  EXPECT_EQ(file->on(shard.shard()), 2U);
}

TEST_F(WatchedFileTest, secret_file_that_everybody_may_read_is_warned_of) {
  write("1", 0644);
  EXPECT_TRUE(watch());
  EXPECT_EQ(diagnostics.warnings(), 1U);
  EXPECT_TRUE(diagnostics.text().contains("may read this file of numbers (mode 0644); chmod o= "))
      << diagnostics.text();
  write("1", 0646);
  watch();
  EXPECT_TRUE(diagnostics.text().contains("may write")) << diagnostics.text();
}

TEST_F(WatchedFileTest, too_large_a_file_is_not_read) {
  write(std::string(2000, '1'));
  EXPECT_FALSE(watch());
  EXPECT_TRUE(diagnostics.text().contains("larger than")) << diagnostics.text();
}

TEST(PathBeside, is_relative_to_the_file_that_names_it) {
  const Place place{.file_name = intern_file_name("/etc/weir/conf.d/a.yaml"), .line = 1, .column = 1};
  EXPECT_EQ(path_beside(place, "users"), "/etc/weir/conf.d/users");
  EXPECT_EQ(path_beside(place, "/srv/users"), "/srv/users");
  EXPECT_EQ(path_beside({.file_name = intern_file_name("a.yaml"), .line = 1, .column = 1}, "users"), "users");
}

TEST_F(WatchedFileTest, what_a_configuration_was_made_of_is_known_by_its_digest) {
  EXPECT_TRUE(watch());
  EXPECT_EQ(files.read().at(path()), crypto::sha256("1"));
  write("2");
  EXPECT_EQ(files.read().at(path()), crypto::sha256("1")) << "as it was read";
  EXPECT_TRUE(watch());
  EXPECT_EQ(files.read().at(path()), crypto::sha256("2"));
  const std::uint64_t asked = files.asked();
  files.note("/page.html", "a page");
  EXPECT_EQ(files.asked(), asked + 1) << "who built something from it is built again";
  EXPECT_EQ(files.read().size(), 2U);
  files.begin();
  EXPECT_TRUE(files.read().empty());
}

}  // namespace
}  // namespace weir
