// SQLite's interface for C, in small steps: open, prepare, bind, step.
#include "stores/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <mutex>
#include <string_view>

namespace weir {
namespace {

/// How long another process may hold the file: a back-up, somebody who looks.
constexpr int busy_milliseconds = 1000;

Error error_of(int result) {
  Error error = gateway_error(result == SQLITE_BUSY || result == SQLITE_LOCKED ? Code::disk_busy : Code::io_failed);
  error.text = ::sqlite3_errstr(result);  // static
  return error;
}

constexpr std::string_view tables =
    "CREATE TABLE IF NOT EXISTS entries(key BLOB PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS versions(one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL);"
    "INSERT OR IGNORE INTO versions VALUES (1, 0);";

/// A statement, prepared for one use.
class Statement {
 public:
  Statement(sqlite3* connection, std::string_view text) {
    result_ = ::sqlite3_prepare_v2(connection, text.data(), static_cast<int>(text.size()), &statement_, nullptr);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { ::sqlite3_finalize(statement_); }

  /// The next place for a value; the bytes outlive the statement.
  Statement& bind(std::string_view bytes) {
    if (result_ == SQLITE_OK)
      result_ = ::sqlite3_bind_blob64(statement_, ++bound_, bytes.data(), bytes.size(), SQLITE_STATIC);
    return *this;
  }
  Statement& bind(std::uint64_t number) {
    if (result_ == SQLITE_OK) result_ = ::sqlite3_bind_int64(statement_, ++bound_, static_cast<sqlite3_int64>(number));
    return *this;
  }
  /// \returns  whether there is a row
  Result<bool> step() {
    if (result_ == SQLITE_OK || result_ == SQLITE_ROW) result_ = ::sqlite3_step(statement_);
    if (result_ == SQLITE_ROW) return true;
    if (result_ == SQLITE_DONE) return false;
    return fail(error_of(result_));
  }
  Result<void> run() {
    TRY_VOID(step());
    return {};
  }
  [[nodiscard]] std::string bytes(int column) {
    const void* const data = ::sqlite3_column_blob(statement_, column);
    const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(statement_, column));
    return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
  }
  [[nodiscard]] std::uint64_t number(int column) {
    return static_cast<std::uint64_t>(::sqlite3_column_int64(statement_, column));
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int result_ = SQLITE_OK;
  int bound_ = 0;
};

}  // namespace

/// The file while it is open.
class SqliteStore::Connection {
 public:
  explicit Connection(std::string path) : path_(std::move(path)) {}
  Connection(const Connection&) = delete;
  ~Connection() { close(); }

  /// One question; whatever goes wrong, the next one begins with a file that is opened anew.
  template <typename Job>
  auto use(Job& job) -> decltype(job(std::declval<Connection&>())) {
    const std::lock_guard lock(mutex_);
    if (const Result<void> opened = open(); !opened) return fail(opened.error());
    auto result = job(*this);
    if (!result) close();
    return result;
  }

  Statement prepare(std::string_view text) { return {connection_, text}; }
  Result<void> run(std::string_view text) { return Statement(connection_, text).run(); }

  Result<std::uint64_t> put(std::string_view key, std::string_view value) {
    TRY_VOID(run("UPDATE versions SET last = last + 1"));
    TRY_VOID(prepare("INSERT OR REPLACE INTO entries SELECT ?, ?, last FROM versions").bind(key).bind(value).run());
    Statement version(connection_, "SELECT last FROM versions");
    TRY_VOID(version.step());
    return version.number(0);
  }

 private:
  Result<void> open() {
    if (connection_ != nullptr) return {};
    // Made here, so that nobody but its owner ever may read it; SQLite gives its other files the same rights.
    const int made = ::open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (made >= 0) ::close(made);
    const int result =
        ::sqlite3_open_v2(path_.c_str(), &connection_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    if (result == SQLITE_OK) {
      ::sqlite3_busy_timeout(connection_, busy_milliseconds);
      const Result<void> prepared = prepare_file();
      if (prepared) return {};
      close();
      return prepared;
    }
    close();
    return fail(error_of(result));
  }
  Result<void> prepare_file() {
    for (const char* const text : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL", tables.data()}) {
      const int result = ::sqlite3_exec(connection_, text, nullptr, nullptr, nullptr);
      if (result != SQLITE_OK) return fail(error_of(result));
    }
    return {};
  }
  void close() {
    ::sqlite3_close(connection_);
    connection_ = nullptr;
  }

  const std::string path_;
  std::mutex mutex_;
  sqlite3* connection_ = nullptr;
};

SqliteStore::SqliteStore(std::string path, Executor& executor)
    : connection_(std::make_shared<Connection>(std::move(path))), executor_(executor) {}
SqliteStore::~SqliteStore() = default;

namespace {

/// Answers even when the job is dropped before it ran.
template <typename T>
class Answer {
 public:
  explicit Answer(Store::Done<T> done) : done_(std::move(done)) {}
  Answer(Answer&& other) noexcept : done_(std::exchange(other.done_, nullptr)) {}
  Answer& operator=(Answer&&) = delete;
  ~Answer() {
    if (done_) done_(fail(gateway_error(Code::canceled)));
  }
  void operator()(Result<T> result) { std::exchange(done_, nullptr)(std::move(result)); }

 private:
  Store::Done<T> done_;
};

/// All or nothing: what was begun is undone where a step failed.
template <typename Steps>
auto in_transaction(auto& connection, const Steps& steps) -> decltype(steps()) {
  TRY_VOID(connection.run("BEGIN IMMEDIATE"));
  auto result = steps();
  const Result<void> ended = connection.run(result ? "COMMIT" : "ROLLBACK");
  if (result && !ended) return fail(ended.error());
  return result;
}

}  // namespace

template <typename T, typename Job>
void SqliteStore::ask(Done<T> done, Job job) {
  executor_.run_on_disk([connection = connection_, job = std::move(job),
                         answer = Answer<T>(std::move(done))]() mutable { answer(connection->use(job)); });
}

void SqliteStore::get(std::string key, Done<std::optional<StoreEntry>> done) {
  ask<std::optional<StoreEntry>>(std::move(done),
                                 [key = std::move(key)](Connection& file) -> Result<std::optional<StoreEntry>> {
                                   Statement found = file.prepare("SELECT value, version FROM entries WHERE key = ?");
                                   TRY(const bool there, found.bind(key).step());
                                   if (!there) return std::nullopt;
                                   return StoreEntry{.key = key, .value = found.bytes(0), .version = found.number(1)};
                                 });
}

void SqliteStore::write(std::vector<StoreWrite> writes, Done<void> done) {
  ask<void>(std::move(done), [writes = std::move(writes)](Connection& file) -> Result<void> {
    return in_transaction(file, [&]() -> Result<void> {
      for (const StoreWrite& write : writes) {
        if (write.value) {
          TRY_VOID(file.put(write.key, *write.value));
        } else {
          TRY_VOID(file.prepare("DELETE FROM entries WHERE key = ?").bind(write.key).run());
        }
      }
      return {};
    });
  });
}

void SqliteStore::compare_and_set(std::string key, std::uint64_t version, std::string value, Done<std::uint64_t> done) {
  ask<std::uint64_t>(
      std::move(done),
      [key = std::move(key), version, value = std::move(value)](Connection& file) -> Result<std::uint64_t> {
        return in_transaction(file, [&]() -> Result<std::uint64_t> {
          Statement found = file.prepare("SELECT version FROM entries WHERE key = ?");
          TRY(const bool there, found.bind(key).step());
          if ((there ? found.number(0) : 0) != version) return std::uint64_t{0};
          return file.put(key, value);
        });
      });
}

void SqliteStore::scan(std::string prefix, std::string after, std::size_t most, Done<std::vector<StoreEntry>> done) {
  ask<std::vector<StoreEntry>>(
      std::move(done),
      [prefix = std::move(prefix), after = std::move(after),
       most](Connection& file) -> Result<std::vector<StoreEntry>> {
        Statement found =
            file.prepare("SELECT key, value, version FROM entries WHERE key >= ? AND key > ? ORDER BY key LIMIT ?");
        found.bind(prefix).bind(after).bind(most);
        std::vector<StoreEntry> entries;
        while (true) {
          TRY(const bool there, found.step());
          if (!there) return entries;
          std::string key = found.bytes(0);
          if (!key.starts_with(prefix)) return entries;
          entries.push_back({.key = std::move(key), .value = found.bytes(1), .version = found.number(2)});
        }
      });
}

}  // namespace weir
