// Which folder is trusted with the admin socket.
#include "app/default_admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contracts/testing/temporary_folder.h"

namespace weir {
namespace {

class AdminFolderTest : public testing::Test {
 protected:
  /// Exactly this mode, whatever the umask is.
  void make(mode_t mode) const {
    ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
    ASSERT_EQ(::chmod(folder.c_str(), mode), 0);
  }
  [[nodiscard]] std::string why_not(uid_t owner = ::geteuid()) const {
    const auto distrust = distrust_of(folder, owner);
    if (!distrust) return {};
    EXPECT_THAT(distrust->sentence, testing::HasSubstr(folder));
    EXPECT_THAT(distrust->advice, testing::HasSubstr("XDG_RUNTIME_DIR"));
    return distrust->sentence;
  }

  TemporaryFolder temporary;
  std::string folder = temporary.path("weir-1000");
};

TEST_F(AdminFolderTest, ours_alone_is_trusted) {
  make(0700);
  EXPECT_EQ(why_not(), "");
}

TEST_F(AdminFolderTest, missing_is_nobodys_fault) {
  EXPECT_EQ(why_not(), "");
}

TEST_F(AdminFolderTest, somebody_elses_is_not) {
  make(0700);
  EXPECT_THAT(why_not(::geteuid() + 1), testing::HasSubstr("it belongs to uid"));
}

TEST_F(AdminFolderTest, open_to_others_is_not) {
  make(0700);
  for (const mode_t mode : {0701, 0710, 0755, 0777, 01700, 02700}) {
    ASSERT_EQ(::chmod(folder.c_str(), mode), 0);
    EXPECT_THAT(why_not(), testing::HasSubstr("its mode is")) << std::oct << mode;
  }
}

TEST_F(AdminFolderTest, link_to_a_good_one_is_not) {
  const std::string good = temporary.path("good");
  ASSERT_EQ(::mkdir(good.c_str(), 0700), 0);
  ASSERT_EQ(::symlink(good.c_str(), folder.c_str()), 0);
  EXPECT_THAT(why_not(), testing::HasSubstr("it is a symbolic link"));
}

TEST_F(AdminFolderTest, file_is_not) {
  temporary.write("weir-1000", "");
  EXPECT_THAT(why_not(), testing::HasSubstr("it is not a folder"));
}

TEST_F(AdminFolderTest, one_that_was_named_is_made_with_those_above_it) {
  EXPECT_FALSE(make_admin_folder(temporary.path("run/weir/admin.sock")));
  EXPECT_EQ(::access(temporary.path("run/weir").c_str(), F_OK), 0);
  ASSERT_EQ(::chmod(temporary.path("run/weir").c_str(), 0755), 0);
  EXPECT_FALSE(make_admin_folder(temporary.path("run/weir/admin.sock"))) << "who names a folder answers for it";
}

}  // namespace
}  // namespace weir
