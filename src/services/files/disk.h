// What the file system is asked, and how it is asked without waiting.
//
// Problem: open(), stat() and read() wait for a disk, and a reactor that waits stops a whole core; but nearly always
// what they need lies in the kernel's caches, and then a trip to another thread costs more than the call.
// Idea: each question comes in two forms. One answers only from the kernel's caches (RESOLVE_CACHED, RWF_NOWAIT,
// AT_STATX_DONT_SYNC) and says so when it cannot; a core may ask it. The other waits, and belongs on the executor.
//
// Invariant: nothing is opened that does not lie below the root, whatever links and names say: the kernel itself sees
// to it (openat2 with RESOLVE_BENEATH).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/units.h"

namespace weir::files {

/// An open descriptor, closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// What tells one state of a file from another.
struct FileFacts {
  enum class Kind : std::uint8_t { file, directory, other };

  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  ByteCount bytes = 0;
  WallTime modified{};      ///< of the content
  WallTime changed{};       ///< of anything, content included: cannot be set back by anybody
  std::uint32_t names = 0;  ///< how many lead to it: 0 for one that was deleted or replaced
  Kind kind = Kind::other;

  /// Whether the content is that of `other`, which was seen before: nothing has moved, or only the names have. Those
  /// who replace a file by renaming another over it do not touch the one that is being sent.
  [[nodiscard]] bool same_content_as(const FileFacts& other) const {
    return device == other.device && inode == other.inode && bytes == other.bytes && modified == other.modified &&
           (changed == other.changed || names != other.names);
  }
  friend bool operator==(const FileFacts&, const FileFacts&) = default;
};

struct Opened {
  Descriptor descriptor;
  FileFacts facts;
};

enum class Patience : std::uint8_t {
  cached,  ///< answer from the kernel's caches or not at all
  wait,
};

/// Opens what `name` is below `root`, links inside it followed.
/// \param name  relative; empty is the root itself
/// \returns  nothing when it would have to wait
/// \errors   not_found (text: why), permission_denied, out_of_descriptors, io_failed
std::optional<Result<Opened>> open_beneath(const std::string& root, const std::string& name, Patience patience);

/// The facts now, from the kernel's memory; nothing when it does not say.
std::optional<FileFacts> look(const Descriptor& descriptor);

/// Reads from `offset` until `room` is full or the file ends. \returns bytes read; nothing when it would have to wait
/// \errors  io_failed
std::optional<Result<std::size_t>> read_at(const Descriptor& descriptor, std::span<char> room, ByteCount offset,
                                           Patience patience);

/// Whether all these bytes lie in the page cache. False where the kernel cannot tell (before Linux 6.5).
bool is_resident(const Descriptor& descriptor, ByteCount offset, ByteCount bytes);

}  // namespace weir::files
