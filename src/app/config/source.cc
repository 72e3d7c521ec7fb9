// Reading from the machine, and from memory.
#include "app/config/source.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace weir::config {
namespace {

/// More is no configuration but a mistaken path (a disk image, a log), and would stop the control thread for seconds.
constexpr std::size_t file_bytes_max = std::size_t{256} * 1024 * 1024;

std::unexpected<std::string> system_error() {
  std::array<char, 128> text{};
  return std::unexpected<std::string>(strerror_r(errno, text.data(), text.size()));
}

struct OpenFile {
  int descriptor;
  explicit OpenFile(const std::string& file) : descriptor(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor >= 0) close(descriptor);
  }
};

std::expected<std::string, std::string> read_all(int descriptor) {
  std::string bytes;
  std::array<char, std::size_t{64} * 1024> piece;
  while (true) {
    const ssize_t count = ::read(descriptor, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error();
    if (count == 0) return bytes;
    bytes.append(piece.data(), static_cast<std::size_t>(count));
    if (bytes.size() > file_bytes_max) return std::unexpected<std::string>("the file is larger than 256 MiB");
  }
}

}  // namespace

std::expected<std::string, std::string> SystemSource::read(const std::string& file) {
  const OpenFile opened(file);
  if (opened.descriptor < 0) return system_error();
  struct stat facts{};
  if (fstat(opened.descriptor, &facts) != 0) return system_error();
  // Pipes (`weir check <(...)`) are welcome, devices without end are not.
  if (S_ISDIR(facts.st_mode)) return std::unexpected<std::string>("this is a folder");
  if (!S_ISREG(facts.st_mode) && !S_ISFIFO(facts.st_mode)) return std::unexpected<std::string>("this is not a file");
  // O_NONBLOCK was for the open alone: a pipe whose writer is slow is waited for.
  if (fcntl(opened.descriptor, F_SETFL, O_RDONLY) != 0) return system_error();
  return read_all(opened.descriptor);
}

std::vector<std::string> SystemSource::match(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t index = 0; index < found.gl_pathc; ++index) files.emplace_back(found.gl_pathv[index]);
  }
  globfree(&found);
  return files;
}

std::optional<std::string> SystemSource::environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return {};
  return value;
}

std::expected<std::string, std::string> MemorySource::read(const std::string& file) {
  const auto found = files.find(file);
  if (found == files.end()) return std::unexpected<std::string>("No such file or directory");
  return found->second;
}

std::vector<std::string> MemorySource::match(const std::string& pattern) {
  std::vector<std::string> matching;
  for (const auto& [name, bytes] : files) {
    if (fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) matching.push_back(name);
  }
  return matching;
}

std::optional<std::string> MemorySource::environment(const std::string& name) {
  const auto found = variables.find(name);
  if (found == variables.end()) return {};
  return found->second;
}

}  // namespace weir::config
