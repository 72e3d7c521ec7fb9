// Every configuration that ever ran, in the state folder.
//
// Idea: one file per entry (entry.h), written beside and renamed, so that after a crash an entry is there whole or not
// at all. The index of what is where is built when the folder is opened and kept in memory; texts stay on the disk.
// Pruning takes the oldest away; parts of theirs that later ones share move into the next entry first.
//
// Invariants
//   (1) After add() returned a number, the entry survives any crash.
//   (2) Entries that are damaged are left alone and not offered; the others do not suffer.
//   (3) The youngest entry is never pruned.
//
// Not thread-safe: the control thread owns it. Files never change after their rename but by pruning, so that another
// process may read the folder at any time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/hash.h"
#include "app/config/source.h"
#include "app/history/entry.h"
#include "app/history/file_system.h"

namespace weir::history {

/// What is kept at most; beyond, the oldest go. A year, 1,000 entries and 64 MiB: more than anybody rolls back.
struct Keep {
  std::size_t entries = 1000;
  std::uint64_t bytes = std::uint64_t{64} * 1024 * 1024;
  std::chrono::nanoseconds age = std::chrono::hours{24 * 365};
};

class History {
 public:
  /// Opens the folder to write, makes it when it is missing, and keeps other gateways out.
  /// \returns  or why there can be no history, in a sentence
  static Outcome<History> open(std::string folder, FileSystem& files);
  /// Only reads; the folder may belong to a running gateway.
  static Outcome<History> look(std::string folder, FileSystem& files);

  /// Oldest first.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  /// Damaged files, by name, for a warning.
  [[nodiscard]] const std::vector<std::string>& damaged() const { return damaged_; }
  /// What secrets are hashed with; made once per folder.
  [[nodiscard]] const config::HashKey& key() const { return key_; }

  /// The youngest entry whose hash begins so; null when none does. \param ambiguous  set when different hashes do
  [[nodiscard]] const Entry* find(std::string_view prefix, bool* ambiguous = nullptr) const;
  /// The youngest of that main file, or null.
  [[nodiscard]] const Entry* last_of(std::string_view source) const;
  /// The files of an entry, as they were written.
  [[nodiscard]] Outcome<std::vector<config::SourceFile>> texts_of(const Entry& entry) const;

  /// Keeps a configuration. `entry.number`, `tree` and `files` are filled in here. \returns its number
  Outcome<std::uint64_t> add(Entry entry, const std::vector<config::SourceFile>& texts);
  /// Takes away what is beyond `keep`. \returns how many entries went
  Outcome<std::size_t> prune(const Keep& keep, WallTime now);

 private:
  struct Location {
    std::uint64_t entry = 0;  // its number
    std::size_t offset = 0;
    std::size_t size = 0;
  };

  History(std::string folder, FileSystem& files) : folder_(std::move(folder)), files_(&files) {}
  Outcome<void> read_folder(bool tidy);
  Outcome<void> make_key();
  void index(const EntryFile& file, std::string_view bytes);
  [[nodiscard]] Outcome<std::string> object(const std::string& hash) const;
  Outcome<void> remove_oldest();

  std::string folder_;
  FileSystem* files_;
  config::HashKey key_;
  std::vector<Entry> entries_;
  std::vector<std::string> damaged_;
  std::map<std::string, Location> objects_;
  std::map<std::uint64_t, std::uint64_t> sizes_;  // bytes of each entry's file
  std::uint64_t next_number_ = 1;
  mutable std::pair<std::uint64_t, std::string> last_read_;  // an entry's file, while texts are put together
};

/// The hash of all texts and names: what Entry::tree will be.
std::string tree_of(const std::vector<config::SourceFile>& texts);

}  // namespace weir::history
