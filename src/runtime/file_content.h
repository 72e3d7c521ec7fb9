// A whole file, and how to tell cheaply whether it is still the same.
//
// Idea: an open descriptor answers both questions, what the bytes are and which version of the file they belong to, so
// that a file that is replaced between the two cannot mix them up. Blocking calls: on the control thread or an executor
// only.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "base/units.h"

namespace weir {

/// Changes whenever the file does: editors that write in place move its time, those that replace it its number.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t number = 0;  ///< inode
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;  ///< nanoseconds
  std::int64_t changed = 0;   ///< nanoseconds; a copied back-up keeps its old time of modification
  std::uint32_t mode = 0;     ///< permissions

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

struct FileContent {
  std::string bytes;
  FileStamp stamp;
};

/// \returns  or why not, for a person: "No such file or directory"
std::expected<FileStamp, std::string> stamp_of_file(const std::string& path);
/// Regular files only. \param bytes_max  more is an error
std::expected<FileContent, std::string> read_file(const std::string& path, ByteCount bytes_max);

}  // namespace weir
