// The contract of stores, in a file; and what becomes of the file: closed, broken, in a folder that is gone.
#include "stores/sqlite/sqlite_store.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "contracts/testing/store_conformance.h"
#include "contracts/testing/temporary_folder.h"

namespace weir {
namespace {

class SqliteMaker {
 public:
  SqliteMaker() { reopen(); }
  ~SqliteMaker() { store_.reset(); }
  Store& store() { return *store_; }
  void reopen() {
    store_.reset();
    store_ = std::make_unique<SqliteStore>(path(), executor_);
  }
  [[nodiscard]] std::string path() const { return folder_.path("weir.db"); }
  [[nodiscard]] std::string folder() const { return std::filesystem::path(path()).parent_path().string(); }

 private:
  TemporaryFolder folder_;
  ThreadExecutor executor_;
  std::unique_ptr<SqliteStore> store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreConformance, SqliteMaker);

Result<void> put(Store& store, const std::string& key, const std::string& value) {
  return answer_of<void>([&](auto done) { store.put(key, value, std::move(done)); });
}
Result<std::optional<StoreEntry>> get(Store& store, const std::string& key) {
  return answer_of<std::optional<StoreEntry>>([&](auto done) { store.get(key, std::move(done)); });
}

TEST(SqliteStore, outlives_the_store_with_its_versions) {
  SqliteMaker maker;
  ASSERT_TRUE(put(maker.store(), "a", "one"));
  const std::uint64_t version = (*get(maker.store(), "a"))->version;
  maker.reopen();
  EXPECT_EQ((*get(maker.store(), "a"))->version, version);
  ASSERT_TRUE(put(maker.store(), "a", "two"));
  EXPECT_GT((*get(maker.store(), "a"))->version, version);
}

TEST(SqliteStore, is_readable_by_its_owner_only) {
  SqliteMaker maker;
  ASSERT_TRUE(put(maker.store(), "a", "one"));
  for (const auto& file : std::filesystem::directory_iterator(maker.folder())) {
    struct stat status{};
    ASSERT_EQ(::stat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << file.path();
  }
}

// What is no database is an error with a reason, again and again, and is not overwritten; when it is gone, all is well.
TEST(SqliteStore, a_broken_file_is_an_error_until_it_is_gone) {
  SqliteMaker maker;
  std::ofstream(maker.path()) << std::string(4096, 'x');
  for (int time = 0; time < 2; ++time) {
    const Result<void> written = put(maker.store(), "a", "one");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Code::io_failed);
    EXPECT_EQ(std::string(written.error().text), "file is not a database");
  }
  EXPECT_EQ(std::filesystem::file_size(maker.path()), 4096U);
  std::filesystem::remove(maker.path());
  EXPECT_TRUE(put(maker.store(), "a", "one"));
}

TEST(SqliteStore, a_folder_that_is_gone_is_an_error) {
  ThreadExecutor executor;
  SqliteStore store("/nonexistent/weir.db", executor);
  const auto found = get(store, "a");
  ASSERT_FALSE(found);
  EXPECT_EQ(std::string(found.error().text), "unable to open database file");
}

/// Drops every job, as an executor does that ends.
class EndedExecutor final : public Executor {
 public:
  void run(Job) override {}
};

TEST(SqliteStore, a_question_that_is_dropped_is_answered) {
  EndedExecutor executor;
  SqliteStore store("/nonexistent/weir.db", executor);
  EXPECT_EQ(put(store, "a", "one").error().code, Code::canceled);
}

}  // namespace
}  // namespace weir
