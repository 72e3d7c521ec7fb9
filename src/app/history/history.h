// Every configuration that ever ran, in the state folder.
//
// Idea: one file per entry (entry.h), written beside and renamed, so that after a crash an entry is there whole or not
// at all. In memory is only what decisions need (Entry); what was changed, and where its texts lie, is read from the
// disk when somebody asks. An entry shares with the one before it alone, so that adding and pruning read what belongs
// to one or two configurations, however many are kept. Pruning takes the oldest away; what the next one shares with it
// moves there first.
//
// Invariants
//   (1) After add() returned a number, the entry survives any crash.
//   (2) Entries that are damaged are left alone and not offered; the others do not suffer.
//   (3) The youngest entry is never pruned.
//   (4) Memory per entry does not depend on what it changed.
//   (5) What lies in entry A and belongs to a later entry B belongs to every entry between them: so what any later one
//       needs of the oldest, the second oldest needs.
//
// Not thread-safe: the control thread owns it. Files never change after their rename but by pruning, so that another
// process may read the folder at any time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
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
  /// What an entry changed, and more, from the disk.
  [[nodiscard]] Outcome<Details> details_of(const Entry& entry) const;
  /// All entries with their details, oldest first; one that can no longer be read says so instead of its changes.
  [[nodiscard]] std::vector<Told> told() const;
  /// The files of an entry, as they were written.
  [[nodiscard]] Outcome<std::vector<config::SourceFile>> texts_of(const Entry& entry) const;

  /// Keeps a configuration. `entry.number`, `bytes` and `tree`, and `details.files` are filled in here.
  /// \returns its number
  Outcome<std::uint64_t> add(Entry entry, Details details, const std::vector<config::SourceFile>& texts);
  /// Takes away what is beyond `keep`. \returns how many entries went
  Outcome<std::size_t> prune(const Keep& keep, WallTime now);

 private:
  /// The file of an entry, and the bytes that it views.
  struct ReadFile {
    std::unique_ptr<const std::string> bytes;
    EntryFile file;
  };
  struct PartAt {
    std::string hash;
    std::uint64_t entry = 0;
  };
  using List = std::vector<PartAt>;
  /// What a configuration consists of, and where that lies.
  struct Plan {
    std::vector<FileAt> files;
    std::map<std::string, List> lists;
  };
  /// Hashes of what is wanted, by the entry where it lies.
  using Wanted = std::map<std::uint64_t, std::set<std::string>>;
  using Objects = std::map<std::string, std::string>;

  History(std::string folder, FileSystem& files) : folder_(std::move(folder)), files_(&files) {}
  Outcome<void> read_folder(bool tidy);
  Outcome<void> make_key();
  [[nodiscard]] std::string path_of(std::uint64_t number) const;
  [[nodiscard]] Outcome<ReadFile> read(std::uint64_t number) const;
  [[nodiscard]] std::uint64_t heir_of(std::uint64_t number) const;
  [[nodiscard]] Outcome<Plan> plan_of(std::uint64_t number) const;
  [[nodiscard]] Outcome<Objects> fetch(const Wanted& wanted, std::vector<Object> EntryFile::* kind) const;
  [[nodiscard]] static List list_in(std::string_view bytes);
  Outcome<void> remove_oldest();
  Outcome<void> bequeath(std::uint64_t oldest, Entry& heir);

  std::string folder_;
  FileSystem* files_;
  config::HashKey key_;
  std::vector<Entry> entries_;
  std::vector<std::string> damaged_;
  std::uint64_t next_number_ = 1;
};

/// Names of files beside the configuration that both have and whose contents differ.
std::vector<std::string> changed_beside(const Beside& before, const Beside& after);

/// The hash of all texts and names: what Entry::tree will be.
std::string tree_of(const std::vector<config::SourceFile>& texts);

}  // namespace weir::history
