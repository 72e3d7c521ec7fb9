// The embedded store: one SQLite file in the state folder.
//
// Problem: one machine needs durable state without an engine beside it, and its disk may be slow, full or broken.
// Idea: SQLite with a write-ahead log: a batch is one transaction, readers do not wait for writers, and a process that
// is killed loses nothing that was answered. (When the power goes, what was answered last may be lost, never half of
// it: synchronous=NORMAL.) All of it runs on the executor's threads for disks. The file is opened when it is needed
// and, after a failure, opened again, so that a disk that comes back is used again.
//
// Invariants
//   (1) One connection, one question at a time.
//   (2) SQLite stands behind one file, and throws nothing.
#pragma once

#include <memory>

#include "contracts/store.h"
#include "runtime/executor.h"

namespace weir {

class SqliteStore final : public Store {
 public:
  /// \param path      of the file; made, readable by its owner only, when it is not there
  /// \param executor  outlives the store's questions
  SqliteStore(std::string path, Executor& executor);
  ~SqliteStore() override;

  void get(std::string key, Done<std::optional<StoreEntry>> done) override;
  void write(std::vector<StoreWrite> writes, Done<void> done) override;
  void compare_and_set(std::string key, std::uint64_t version, std::string value, Done<std::uint64_t> done) override;
  void scan(std::string prefix, std::string after, std::size_t most, Done<std::vector<StoreEntry>> done) override;

 private:
  class Connection;

  template <typename T, typename Job>
  void ask(Done<T> done, Job job);

  std::shared_ptr<Connection> connection_;  // jobs that hang outlive the store
  Executor& executor_;
};

}  // namespace weir
