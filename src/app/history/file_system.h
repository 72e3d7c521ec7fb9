// The few things that history asks of a disk, so that a test can pull the plug between any two of them.
//
// What a crash may do: bytes that were not synced may be missing or torn; a name that was created, renamed or removed
// may be as before until its folder was synced.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace weir::history {

/// Errors are sentences for people: "No space left on device".
template <typename T>
using Outcome = std::expected<T, std::string>;

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Creates the folder and those above it, for its owner alone. An existing one is fine.
  virtual Outcome<void> make_folder(const std::string& folder) = 0;
  /// Writes a whole file and waits until its bytes are on the disk.
  virtual Outcome<void> write_synced(const std::string& file, std::string_view bytes) = 0;
  /// Replaces what had the name.
  virtual Outcome<void> rename(const std::string& from, const std::string& to) = 0;
  /// Waits until the names in the folder are on the disk.
  virtual Outcome<void> sync_folder(const std::string& folder) = 0;
  virtual Outcome<void> remove(const std::string& file) = 0;
  virtual Outcome<std::string> read(const std::string& file) = 0;
  /// Names of files in the folder, sorted.
  virtual Outcome<std::vector<std::string>> list(const std::string& folder) = 0;
  /// Keeps others out of the folder for the life of this object. \returns false when somebody else is in
  virtual Outcome<bool> lock(const std::string& file) = 0;
};

/// The machine's own.
class DiskFileSystem final : public FileSystem {
 public:
  DiskFileSystem() = default;
  ~DiskFileSystem() override;
  DiskFileSystem(const DiskFileSystem&) = delete;

  Outcome<void> make_folder(const std::string& folder) override;
  Outcome<void> write_synced(const std::string& file, std::string_view bytes) override;
  Outcome<void> rename(const std::string& from, const std::string& to) override;
  Outcome<void> sync_folder(const std::string& folder) override;
  Outcome<void> remove(const std::string& file) override;
  Outcome<std::string> read(const std::string& file) override;
  Outcome<std::vector<std::string>> list(const std::string& folder) override;
  Outcome<bool> lock(const std::string& file) override;

 private:
  int lock_ = -1;
};

/// Write beside, sync, rename, sync the folder: after this returned without error the file is there whole, whatever
/// happens; before, the former one is, or none.
/// \param writer  in the name of the file beside it, where several may write the same one at once
Outcome<void> write_durably(FileSystem& files, const std::string& folder, const std::string& name,
                            std::string_view bytes, std::string_view writer = {});

/// What write_durably() leaves behind when it is interrupted ends so.
inline constexpr std::string_view temporary_suffix = ".tmp";

}  // namespace weir::history
