// One open descriptor answers both questions: fstat for the stamp, then reads to the end.
#include "runtime/file_content.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace weir {
namespace {

std::unexpected<std::string> system_error() {
  std::array<char, 128> text{};
  return std::unexpected<std::string>(::strerror_r(errno, text.data(), text.size()));
}

std::int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

FileStamp stamp_of(const struct stat& facts) {
  return {.device = facts.st_dev,
          .number = facts.st_ino,
          .bytes = static_cast<std::uint64_t>(facts.st_size),
          .modified = nanoseconds(facts.st_mtim),
          .changed = nanoseconds(facts.st_ctim),
          .mode = facts.st_mode & 07777U};
}

class Descriptor {
 public:
  // A pipe without a writer would keep an open waiting: not here.
  explicit Descriptor(const std::string& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

std::expected<FileStamp, std::string> stamp_of_file(const std::string& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return system_error();
  return stamp_of(facts);
}

std::expected<FileContent, std::string> read_file(const std::string& path, ByteCount bytes_max) {
  const Descriptor opened(path);
  struct stat facts{};
  if (opened.number() < 0 || ::fstat(opened.number(), &facts) != 0) return system_error();
  if (!S_ISREG(facts.st_mode)) return std::unexpected<std::string>("this is not a regular file");
  FileContent content{.bytes = {}, .stamp = stamp_of(facts)};
  std::array<char, std::size_t{64} * 1024> piece;
  while (true) {
    const ssize_t count = ::read(opened.number(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error();
    if (count == 0) return content;
    content.bytes.append(piece.data(), static_cast<std::size_t>(count));
    if (content.bytes.size() > bytes_max) {
      return std::unexpected(fmt::format("the file is larger than {} MiB", bytes_max / mebibyte));
    }
  }
}

}  // namespace weir
