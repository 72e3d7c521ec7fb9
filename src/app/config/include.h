// One configuration from several files.
//
// Problem: 100,000 routes live in a hundred files, of which a reload changes one; parsing them all takes seconds.
// Idea: files are read and hashed at each load, which is cheap, but parsed only when their hash is new: FileCache keeps
// tree, hash and typed routes of each file. Maps of the same section merge, lists append, and a name that two files
// define is an error with both places. Routes are not merged but stay with their file, so that they can be kept with
// it.
//
// `include:` takes patterns relative to the including file; what they match is read sorted, behind the including file.
//
// Invariants
//   (1) A file whose bytes did not change gives the same nodes as before, unless it has ${...} in it.
//   (2) What is kept for a file had no diagnostics, so that keeping it hides none.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/config/document.h"
#include "app/config/hash.h"
#include "app/config/source.h"
#include "contracts/diagnostics.h"
#include "contracts/node.h"

namespace weir::config {

/// Files including files. Deeper is a mistake; cycles are found on their own.
inline constexpr std::size_t include_depth_max = 16;
/// Files of one configuration: a pattern that matches more than this meant something else.
inline constexpr std::size_t include_files_max = 10'000;

/// What is known of files from the last load. Keep one for the life of the process.
class FileCache {
 public:
  struct Entry {
    ContentHash bytes;            ///< of the file as it is on disk
    Node parsed;                  ///< nothing expanded yet
    bool has_expansions = false;  ///< `${` stands somewhere in it: what it says may change without its bytes
    ContentHash canonical;        ///< of what it says; only without expansions
    std::shared_ptr<const RouteFile> routes;  ///< typed; only without expansions and diagnostics
    std::uint64_t generation = 0;             ///< of the load that used it last
  };

  /// Files parsed since the cache was made, for tests and for the log line of a reload.
  [[nodiscard]] std::uint64_t files_parsed() const { return files_parsed_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  friend class Loader;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
  std::uint64_t generation_ = 0;
  std::uint64_t files_parsed_ = 0;
};

/// A file that is part of the configuration, everything in it expanded.
struct LoadedFile {
  std::string file;
  Node root;
  std::shared_ptr<FileCache::Entry> entry;  ///< where typed routes may be kept; null when they may not
  std::shared_ptr<const std::string> text;  ///< as it is on disk
};

struct LoadedFiles {
  std::vector<LoadedFile> files;  ///< the main file first
  ContentHash hash;               ///< of all that they say
};

/// Reads a file and all that it includes. What could not be read is missing from the result and in `diagnostics`.
LoadedFiles load_files(const std::string& file, Source& source, FileCache& cache, const HashKey& key,
                       Diagnostics& diagnostics);

/// The same files without what they mean.
std::vector<SourceFile> texts_of(const LoadedFiles& loaded);

/// All sections of all files in one map, without `include` and `routes`.
Node merge_sections(const std::vector<LoadedFile>& files, Diagnostics& diagnostics);

}  // namespace weir::config
