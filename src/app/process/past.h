// What the process remembers of the configurations that ran before, and what follows from it.
//
// Idea: history (app/history) knows files and hashes; here are the decisions a gateway makes with it: what to start
// from when the file is broken, which one `weir rollback` means, and whether a file that was rolled back may come back.
//
// Invariants
//   (1) Without a state folder everything still works, only without a past.
//   (2) Only the control thread calls this.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/config/document.h"
#include "app/history/history.h"

namespace weir {

/// Why and by whom a configuration is put in place.
struct Occasion {
  std::string how;         ///< "start", "reload", "rollback", "last good"
  std::string by;          ///< "start", "SIGHUP", "uid 0"
  std::string instead_of;  ///< tree of what the file says, when that is something else and must wait
};

class Past {
 public:
  /// \param source  the main file this process was started with
  explicit Past(const std::string& source);

  /// Opens the folder. \returns a warning when there will be no history, else nothing
  std::string open(const std::string& folder, const history::Keep& keep);
  [[nodiscard]] bool remembers() const { return history_.has_value(); }
  /// For hashing secrets, so that equal configurations have equal hashes over restarts; null without a past.
  [[nodiscard]] const config::HashKey* key() const { return history_ ? &history_->key() : nullptr; }

  /// Keeps what has just gone live. \returns a warning when that failed, else nothing
  std::string keep(const config::Document& document, const Occasion& occasion, WallTime now);

  /// What ran last from this process's file; null when nothing did.
  [[nodiscard]] const history::Entry* last() const;
  /// The entry that runs in place of what the file says, when the file still says what was rolled back.
  [[nodiscard]] const history::Entry* held_against(const config::Document& document) const;
  /// What `weir rollback` goes to. \param running  hash of what runs; \returns or why there is nothing
  [[nodiscard]] std::expected<history::Entry, std::string> target(std::string_view prefix,
                                                                  std::string_view running) const;
  [[nodiscard]] history::Outcome<std::vector<config::SourceFile>> texts_of(const history::Entry& entry) const {
    return history_->texts_of(entry);
  }
  /// All that is known of all configurations, oldest first.
  /// The files beside it, as they were. \pre remembers()
  [[nodiscard]] history::Beside beside(const history::Entry& entry) const;
  [[nodiscard]] std::vector<history::Told> told() const;

 private:
  [[nodiscard]] std::vector<std::string> changes_since_last(const config::Document& document) const;

  std::string source_;
  history::Keep keep_;
  std::unique_ptr<history::FileSystem> files_;
  std::optional<history::History> history_;
};

}  // namespace weir
