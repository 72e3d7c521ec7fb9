// Learning what the disk says, and forgetting it in time.
#include "services/files/store.h"

#include <algorithm>

#include "base/limits.h"
#include "http/date.h"
#include "http/media_type.h"
#include "runtime/elsewhere.h"
#include "services/files/content_hash.h"

namespace weir::files {
namespace {

/// Times on disk are as coarse as two seconds (FAT); on others a write within a timer tick of the last one may not move
/// them (jiffies, 1 to 10 ms).
constexpr Duration settling = std::chrono::seconds{2};

/// How often a small file that changes while it is read is read again.
constexpr unsigned restless_reads_max = 4;

std::string_view suffix_of(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::brotli:
      return ".br";
    case ContentCoding::zstd:
      return ".zst";
    case ContentCoding::gzip:
      return ".gz";
    case ContentCoding::identity:
    case ContentCoding::deflate:
      break;
  }
  return {};
}

std::string_view last_segment(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

struct HashStep {
  ContentHash hash;
  Result<ByteCount> taken = 0;
};

/// Adds up to limits::etag_step_bytes to the hash. Blocks.
HashStep hash_step(const FileEntry& file, ContentHash hash, ByteCount offset) {
  HashStep step{.hash = std::move(hash)};
  const auto room = std::make_unique_for_overwrite<char[]>(limits::file_slice_bytes);
  const ByteCount end = std::min(file.facts.bytes, offset + limits::etag_step_bytes);
  for (ByteCount at = offset; at < end;) {
    const std::size_t wanted = std::min(limits::file_slice_bytes, end - at);
    const auto read = *read_at(file.descriptor, {room.get(), wanted}, at, Patience::wait);
    if (!read || *read != wanted) {
      step.taken = fail(read ? gateway_error(Code::content_changed) : read.error());
      return step;
    }
    step.hash.add({room.get(), *read});
    at += *read;
  }
  step.taken = end - offset;
  return step;
}

struct BlockRead {
  std::unique_ptr<char[]> bytes;
  Result<std::size_t> count = 0;
};

}  // namespace

/// One request more that waits for the disk.
class FileStore::Waiting {
 public:
  explicit Waiting(FileStore& store) : store_(store) { ++store_.waiting_; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { --store_.waiting_; }

 private:
  FileStore& store_;
};

std::size_t FileStore::IdentityHash::operator()(const FileFacts& facts) const {
  constexpr std::size_t odd = 0x9E3779B97F4A7C15U;
  return (static_cast<std::size_t>(facts.inode) * odd) ^
         (static_cast<std::size_t>(facts.changed.time_since_epoch().count()) * (odd >> 7 | 1));
}

FileStore::FileStore(Shard& shard, std::string root, std::vector<ContentCoding> codings)
    : shard_(shard), root_(std::move(root)), codings_(std::move(codings)) {}

FileStore::~FileStore() {
  stop();
}

void FileStore::stop() {
  stopped_ = true;
  if (armed()) shard_.reactor.timers().disarm(*this);
}

const FilePointer* FileStore::find(std::string_view name, Time since) {
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second->known_at < since) return nullptr;
  FileEntry& entry = *found->second;
  entry.used_at = shard_.reactor.now();
  entry.unlink();
  by_use_.push_back(entry);
  return &found->second;
}

Task<Result<void>> FileStore::learn(std::string_view name) {
  CO_TRY(const FilePointer entry, co_await learn_one(std::string(name)));
  if (!entry->is_file()) co_return Result<void>{};
  std::vector<Variant> variants;
  for (const ContentCoding coding : codings_) {
    CO_TRY(FilePointer beside, co_await learn_one(entry->name + std::string(suffix_of(coding))));
    // One that is older was made from another content.
    if (beside->is_file() && beside->facts.modified >= entry->facts.modified) {
      variants.push_back({.coding = coding, .file = std::move(beside)});
    }
  }
  entry->variants = std::move(variants);
  co_return Result<void>{};
}

Task<Result<Opened>> FileStore::open(std::string name) {
  if (auto at_once = open_beneath(root_, name, Patience::cached)) co_return std::move(*at_once);
  if (waiting_ >= limits::disk_waiting) co_return fail(gateway_error(Code::disk_busy));
  const Waiting waiting(*this);
  auto job = [root = root_, name = std::move(name)] { return *open_beneath(root, name, Patience::wait); };
  CO_TRY(Result<Opened> opened,
         co_await on_disk(shard_.reactor, shard_.executor, std::move(job), limits::disk_patience));
  co_return opened;
}

Task<Result<FilePointer>> FileStore::learn_one(std::string name) {
  Result<Opened> opened = co_await open(name);
  if (!opened && opened.error().origin == Origin::gateway) co_return fail(opened.error());
  const Time now = shard_.reactor.now();
  const auto found = entries_.find(name);
  if (opened && found != entries_.end()) {
    FileEntry& former = *found->second;
    if (former.is_file() && former.facts == opened->facts && former.settled && !former.etag.empty()) {
      former.known_at = former.looked_at = now;
      co_return found->second;
    }
  }
  auto entry = std::make_shared<FileEntry>();
  entry->name = std::move(name);
  entry->known_at = entry->looked_at = entry->used_at = now;
  if (!opened) {
    entry->error = opened.error();
  } else if (opened->facts.kind == FileFacts::Kind::directory) {
    entry->kind = FileEntry::Kind::directory;
  } else if (opened->facts.kind == FileFacts::Kind::file) {
    entry->kind = FileEntry::Kind::file;
    entry->facts = opened->facts;
    entry->descriptor = std::move(opened->descriptor);
    CO_TRY_VOID(co_await take_content(entry));
  }
  insert(entry);
  co_return entry;
}

Task<Result<void>> FileStore::take_content(FilePointer entry) {
  const WallTime now = shard_.reactor.wall_now();
  entry->settled = std::max(entry->facts.modified, entry->facts.changed) + settling <= now;
  entry->media_type = media_type_of(last_segment(entry->name));
  if (entry->facts.bytes <= limits::file_in_memory_bytes) {
    CO_TRY_VOID(co_await take_small_content(entry));
  }
  // A date in the future would tell caches that nothing has changed for a long time to come (RFC 9110 section 8.8.2.1).
  if (entry->facts.modified <= now) entry->last_modified = view_of(format_date(entry->facts.modified));
  if (entry->settled && entry->content == nullptr) co_return co_await take_entity_tag(std::move(entry));
  co_return Result<void>{};
}

// The facts are asked for again behind the reading: if they have moved, the bytes may be of no one state of the file,
// and are read again. A file that is never at rest is served as it was read, without an entity-tag.
Task<Result<void>> FileStore::take_small_content(FilePointer entry) {
  for (unsigned tries = 0; tries < restless_reads_max && entry->facts.bytes <= limits::file_in_memory_bytes; ++tries) {
    const std::size_t bytes = entry->facts.bytes;
    auto content = std::make_unique_for_overwrite<char[]>(bytes + 1);
    std::size_t count = 0;
    if (bytes > 0) {
      const auto at_once = read_at(entry->descriptor, {content.get(), bytes}, 0, Patience::cached);
      if (at_once && *at_once && **at_once == bytes) {
        count = bytes;
      } else {
        CO_TRY(Block block, co_await read(entry, 0, bytes));
        content = std::move(block.bytes);
        count = block.count;
      }
    }
    const auto facts = look(entry->descriptor);
    if (!facts) co_return Result<void>{};
    const bool at_rest = *facts == entry->facts && count == bytes;
    if (at_rest) entry->etag = entity_tag_of({content.get(), bytes});
    if (at_rest || (count == bytes && tries + 1 == restless_reads_max)) {
      entry->content = std::move(content);
      break;
    }
    entry->facts = *facts;
  }
  co_return Result<void>{};
}

Task<Result<void>> FileStore::take_entity_tag(FilePointer entry) {
  if (const auto known = etags_.find(entry->facts); known != etags_.end()) {
    entry->etag = known->second;
    co_return Result<void>{};
  }
  if (entry->facts.bytes > limits::etag_waited_for_bytes) {
    if (!stopped_ && being_hashed_.insert(entry->facts).second) shard_.scope.spawn(hash_beside(entry));
    co_return Result<void>{};
  }
  auto etag = co_await hash(entry);
  if (!etag && etag.error().code != Code::content_changed) co_return fail(etag.error());
  if (etag) remember(entry->facts, entry->etag = std::move(*etag));
  co_return Result<void>{};
}

// Nobody waits for this one: the entity-tag is there for those who come later.
Task<void> FileStore::hash_beside(FilePointer entry) {
  const auto etag = co_await hash(entry);
  being_hashed_.erase(entry->facts);
  if (etag) remember(entry->facts, *etag);
}

Task<Result<std::string>> FileStore::hash(FilePointer entry) {
  HashStep step;
  for (ByteCount at = 0; at < entry->facts.bytes;) {
    if (waiting_ >= limits::disk_waiting) co_return fail(gateway_error(Code::disk_busy));
    const Waiting waiting(*this);
    auto job = [entry, hash = std::move(step.hash), at]() mutable { return hash_step(*entry, std::move(hash), at); };
    CO_TRY(step, co_await on_disk(shard_.reactor, shard_.executor, std::move(job), limits::disk_patience));
    CO_TRY(const ByteCount taken, std::move(step.taken));
    at += taken;
  }
  const auto facts = look(entry->descriptor);
  if (!facts || *facts != entry->facts) co_return fail(gateway_error(Code::content_changed));
  co_return step.hash.entity_tag();
}

// Full: all go. What is asked for again is hashed again; that is rarer than any order among them would be worth.
void FileStore::remember(const FileFacts& facts, std::string etag) {
  if (etags_.size() >= limits::etags) etags_.clear();
  etags_.insert_or_assign(facts, std::move(etag));
}

Task<Result<FileStore::Block>> FileStore::read(FilePointer file, ByteCount offset, std::size_t bytes) {
  if (waiting_ >= limits::disk_waiting) co_return fail(gateway_error(Code::disk_busy));
  const Waiting waiting(*this);
  auto job = [file = std::move(file), offset, bytes] {
    BlockRead read{.bytes = std::make_unique_for_overwrite<char[]>(bytes)};
    read.count = *read_at(file->descriptor, {read.bytes.get(), bytes}, offset, Patience::wait);
    return read;
  };
  CO_TRY(BlockRead block, co_await on_disk(shard_.reactor, shard_.executor, std::move(job), limits::disk_patience));
  CO_TRY(const std::size_t count, std::move(block.count));
  co_return Block{.bytes = std::move(block.bytes), .count = count};
}

bool FileStore::still_true(FileEntry& entry) {
  const Time now = shard_.reactor.now();
  if (entry.looked_at == now) return true;
  const auto facts = look(entry.descriptor);
  if (!facts || !facts->same_content_as(entry.facts)) return false;
  entry.looked_at = now;
  return true;
}

bool FileStore::in_page_cache(FileEntry& entry, ByteCount offset, ByteCount bytes) {
  const Time now = shard_.reactor.now();
  if (entry.resident_at == now && entry.resident_offset == offset && entry.resident_bytes == bytes) return true;
  if (!is_resident(entry.descriptor, offset, bytes)) return false;
  entry.resident_at = now;
  entry.resident_offset = offset;
  entry.resident_bytes = bytes;
  return true;
}

void FileStore::forget(FileEntry& entry) {
  const auto found = entries_.find(entry.name);
  if (found != entries_.end() && found->second.get() == &entry) drop(entry);
}

void FileStore::insert(FilePointer entry) {
  if (const auto former = entries_.find(entry->name); former != entries_.end()) drop(*former->second);
  bytes_in_memory_ += entry->bytes().size();
  by_use_.push_back(*entry);
  entries_.emplace(entry->name, std::move(entry));
  trim();
  if (!armed() && !stopped_) shard_.reactor.timers().arm(*this, shard_.reactor.now() + limits::file_idle);
}

void FileStore::drop(FileEntry& entry) {
  bytes_in_memory_ -= entry.bytes().size();
  entry.unlink();
  entries_.erase(entries_.find(entry.name));
}

// The newest stays, whatever it weighs: somebody is about to use it.
void FileStore::trim() {
  while (entries_.size() > 1 &&
         (entries_.size() > limits::open_files || bytes_in_memory_ > limits::files_in_memory_bytes)) {
    drop(*by_use_.front());
  }
}

void FileStore::fire(Time now) {
  while (FileEntry* oldest = by_use_.front()) {
    if (oldest->used_at + limits::file_idle > now) {
      shard_.reactor.timers().arm(*this, oldest->used_at + limits::file_idle);
      return;
    }
    drop(*oldest);
  }
}

}  // namespace weir::files
