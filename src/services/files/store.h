// What a core knows of the files below one root: open descriptors, facts, entity-tags, small contents.
//
// Problem: opening a file for each request costs more than sending it, and may wait for a disk.
// Idea: an entry per name, found without a system call and believed for a second; then the disk is looked at again,
// from the kernel's caches when they know, by the executor when they do not. What is not there is remembered as well.
//
// Whether an entity-tag may be trusted (docs/decisions/entity-tags-of-files.md)
//   - A content held in memory carries the hash of those very bytes.
//   - A longer file's hash belongs to its facts (device, inode, size, both times). A file that was touched within
//     the last two seconds may change once more without its times moving: it has no entity-tag until it has settled.
//
// Invariants
//   (1) At most limits::open_files entries and limits::files_in_memory_bytes of content; the least recently used go.
//   (2) An entry's facts, content and entity-tag never change; an entry that is no longer true is replaced. Whoever
//       serves from one holds it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/intrusive_list.h"
#include "contracts/shard.h"
#include "http/accept_encoding.h"
#include "services/files/disk.h"

namespace weir::files {

struct FileEntry;
using FilePointer = std::shared_ptr<FileEntry>;

/// A file beside another that holds the same in a content coding: app.js.br.
struct Variant {
  ContentCoding coding = ContentCoding::identity;
  FilePointer file;
};

/// What is known of one name.
struct FileEntry final : ListLink {
  enum class Kind : std::uint8_t { missing, file, directory };

  std::string name;
  Kind kind = Kind::missing;
  Error error = client_error(Code::not_found);  ///< of what is missing
  Descriptor descriptor;
  FileFacts facts;
  std::string etag;                 ///< empty while it is not known
  std::string last_modified;        ///< empty when it would lie in the future
  std::string_view media_type;      ///< by the name; empty when unknown
  std::unique_ptr<char[]> content;  ///< all bytes of a small file; null for others
  bool settled = false;             ///< its times were old enough to tell the next change when it was read
  std::vector<Variant> variants;

  // What moves while the entry stays.
  Time known_at{};   ///< the disk said so
  Time looked_at{};  ///< the descriptor said so
  Time used_at{};
  Time resident_at{};  ///< when the kernel last said that these bytes lie in its page cache
  ByteCount resident_offset = 0;
  ByteCount resident_bytes = 0;

  [[nodiscard]] bool is_file() const { return kind == Kind::file; }
  [[nodiscard]] std::string_view bytes() const { return {content.get(), content == nullptr ? 0 : facts.bytes}; }
};

class FileStore final : public ShardState, private Timer {
 public:
  /// \param codings  which variants of a file are looked for
  FileStore(Shard& shard, std::string root, std::vector<ContentCoding> codings);
  FileStore(const FileStore&) = delete;
  FileStore& operator=(const FileStore&) = delete;
  ~FileStore() override;

  /// What is known of `name` and was learnt at `since` or later; null when nothing is.
  [[nodiscard]] const FilePointer* find(std::string_view name, Time since);

  /// Makes `name` known, with its variants.
  /// \errors  disk_busy when the disk does not answer, or too many wait for it; canceled
  Task<Result<void>> learn(std::string_view name);

  /// Whether the file is still what the entry says, as far as the kernel's memory knows; asked once a turn.
  [[nodiscard]] bool still_true(FileEntry& entry);
  /// Whether these bytes lie in the page cache; asked once a turn for the same ones.
  [[nodiscard]] bool in_page_cache(FileEntry& entry, ByteCount offset, ByteCount bytes);
  /// The entry was not true: the next request looks anew.
  void forget(FileEntry& entry);

  /// Reads from a file whose bytes may not be in memory. The job keeps the file open by itself.
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t count = 0;
  };
  Task<Result<Block>> read(FilePointer file, ByteCount offset, std::size_t bytes);

  [[nodiscard]] const std::string& root() const { return root_; }
  [[nodiscard]] Shard& shard() const { return shard_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] ByteCount bytes_in_memory() const { return bytes_in_memory_; }

  void stop() override;

 private:
  class Waiting;
  struct IdentityHash {
    std::size_t operator()(const FileFacts& facts) const;
  };
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };

  Task<Result<FilePointer>> learn_one(std::string name);
  Task<Result<Opened>> open(std::string name);
  Task<Result<void>> take_content(FilePointer entry);
  Task<Result<void>> take_small_content(FilePointer entry);
  Task<Result<void>> take_entity_tag(FilePointer entry);
  Task<void> hash_beside(FilePointer entry);
  Task<Result<std::string>> hash(FilePointer entry);
  void remember(const FileFacts& facts, std::string etag);
  void insert(FilePointer entry);
  void drop(FileEntry& entry);
  void trim();
  void fire(Time now) override;

  Shard& shard_;
  const std::string root_;
  const std::vector<ContentCoding> codings_;
  std::unordered_map<std::string, FilePointer, NameHash, std::equal_to<>> entries_;
  IntrusiveList<FileEntry> by_use_;  // the least recently used first
  ByteCount bytes_in_memory_ = 0;
  std::unordered_map<FileFacts, std::string, IdentityHash> etags_;
  std::unordered_set<FileFacts, IdentityHash> being_hashed_;
  unsigned waiting_ = 0;
  bool stopped_ = false;
};

}  // namespace weir::files
