// One configuration that ran, as a file in the state folder.
//
// Problem: hundreds of configurations that differ in a line each must not cost hundreds of times the space, on the disk
// or in memory, and one that was reported as applied must survive a crash at any moment. Idea: texts are cut into parts
// (parts.h) that are addressed by their content; a file is the list of its parts' hashes, a configuration the list of
// its files': a Merkle tree. An entry holds what was said about it and only those lists and parts that the one before
// it does not have; of the others it says in which entry they lie. So a change is one new file, and one rename makes it
// true.
//
//   weir-history 2
//   hash 7f3a91c...                  of the configuration: equal hashes, equal behaviour
//   ...                              further `name value` lines, see Entry and Details
//   file <hash> 17 /etc/weir/weir.yaml  in the order of inclusion: the hash of its list, which lies in entry 17
//   list <hash> <bytes>              followed by so many bytes: lines of a part's hash and the entry where it lies
//   part <hash> <bytes>              followed by so many bytes of text
//   end <hash of all above>
//
// Where something lies is a lower bound: when that entry is gone, the oldest one has inherited it (history.h).
//
// Files beside the configuration (users, keys, redirects, pages) are not kept: there is a keyed hash of each, so that
// it can be told that one has changed.
//
// Secrets: the text is kept as it was written, with ${env:...} and ${file:...} unexpanded; of what they stood for there
// is only a keyed hash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"

namespace weir::history {

/// What a gateway holds in memory of each configuration that ran: some hundred bytes, whatever it changed.
struct Entry {
  std::uint64_t number = 0;  ///< counts up; part of the file's name
  std::uint64_t bytes = 0;   ///< of its file; known once it is one
  std::string hash;          ///< of the configuration
  WallTime when{};           ///< it was live on every core
  std::string by;            ///< "uid 0", "SIGHUP", "start"
  std::string how;           ///< "start", "reload", "rollback", "last good"
  std::string source;        ///< the main file, as an absolute path
  std::string tree;          ///< of the text of all files: equal trees, equal bytes
  /// What the file said when something else was put in its place (a rollback): as long as it still says that, it is
  /// not taken over again unasked. Empty when the file and this configuration are the same.
  std::string instead_of;
};

/// A file of a configuration.
struct FileAt {
  std::string name;
  std::string hash;         ///< of the list of its parts' hashes: what the text is
  std::uint64_t entry = 0;  ///< where that list lies
};

/// Names of files beside a configuration, and a keyed hash of the content of each.
using Beside = std::vector<std::pair<std::string, std::string>>;

/// The rest of what is known about it: it stays on the disk and is read when somebody asks.
struct Details {
  std::vector<std::string> changes;                          ///< in words, against the one before
  std::vector<std::pair<std::string, std::string>> secrets;  ///< as written, and a keyed hash of what it stood for
  Beside beside;
  std::vector<FileAt> files;
};

/// All that is known about a configuration that ran.
struct Told {
  Entry entry;
  Details details;
};

struct Object {
  std::string hash;
  std::string_view bytes;
};

/// What is in the file of an entry. Views point into the bytes it was read from.
struct EntryFile {
  Entry entry;
  Details details;
  std::vector<Object> lists;
  std::vector<Object> parts;
};

std::string encode(const EntryFile& file);
/// Nothing when the bytes are not whole: cut, torn or changed.
std::optional<EntryFile> decode(std::string_view bytes);

/// `00000042.entry`
std::string file_name_of(std::uint64_t number);
std::optional<std::uint64_t> number_of(std::string_view file_name);

}  // namespace weir::history
