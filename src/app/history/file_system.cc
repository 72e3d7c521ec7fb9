// POSIX behind file_system.h.
#include "app/history/file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace weir::history {
namespace {

std::unexpected<std::string> system_error(const std::string& what) {
  return std::unexpected(what + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

DiskFileSystem::~DiskFileSystem() {
  if (lock_ >= 0) ::close(lock_);
}

Outcome<void> DiskFileSystem::make_folder(const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), failed);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error("cannot make " + folder);
  return {};
}

Outcome<void> DiskFileSystem::write_synced(const std::string& file, std::string_view bytes) {
  const Descriptor opened(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (opened.get() < 0) return system_error("cannot write " + file);
  if (!write_all(opened.get(), bytes)) return system_error("cannot write " + file);
  if (::fsync(opened.get()) != 0) return system_error("cannot sync " + file);
  return {};
}

Outcome<void> DiskFileSystem::rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return system_error("cannot rename " + from);
  return {};
}

Outcome<void> DiskFileSystem::sync_folder(const std::string& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) return system_error("cannot sync " + folder);
  return {};
}

Outcome<void> DiskFileSystem::remove(const std::string& file) {
  if (::unlink(file.c_str()) != 0) return system_error("cannot remove " + file);
  return {};
}

Outcome<std::string> DiskFileSystem::read(const std::string& file) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts{};
  if (opened.get() < 0 || ::fstat(opened.get(), &facts) != 0) return system_error("cannot read " + file);
  std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = ::read(opened.get(), bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("cannot read " + file);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

Outcome<std::vector<std::string>> DiskFileSystem::list(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  std::filesystem::directory_iterator entries(folder, failed);
  if (failed) return std::unexpected("cannot list " + folder + ": " + failed.message());
  for (const auto end = std::filesystem::directory_iterator(); entries != end; entries.increment(failed)) {
    if (failed) return std::unexpected("cannot list " + folder + ": " + failed.message());
    names.push_back(entries->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

Outcome<bool> DiskFileSystem::lock(const std::string& file) {
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return system_error("cannot open " + file);
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return system_error("cannot lock " + file);
}

Outcome<void> write_durably(FileSystem& files, const std::string& folder, const std::string& name,
                            std::string_view bytes, std::string_view writer) {
  const std::string file = folder + "/" + name;
  const std::string beside = file + std::string(writer) + std::string(temporary_suffix);
  if (auto done = files.write_synced(beside, bytes); !done) {
    static_cast<void>(files.remove(beside));  // a full disk is not made fuller by what nobody will read
    return done;
  }
  if (auto done = files.rename(beside, file); !done) return done;
  return files.sync_folder(folder);
}

}  // namespace weir::history
