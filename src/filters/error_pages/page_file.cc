// Paths and bytes of page_file.h.
#include "filters/error_pages/page_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "contracts/option_type.h"

namespace weir {
namespace {

/// A descriptor that is closed at the end.
class OpenFile {
 public:
  // Not blocking: a name that leads to a pipe nobody writes to must not stop a reload.
  explicit OpenFile(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<std::string> system_says(int error_number) {
  return std::unexpected(std::generic_category().message(error_number));
}

}  // namespace

std::string page_path(std::string_view name, const Place& written) {
  return (std::filesystem::path(written.file()).parent_path() / name).lexically_normal().string();
}

std::expected<std::string, std::string> read_page_file(const std::string& path, ByteCount bytes_max) {
  const OpenFile file(path);
  if (file.descriptor() < 0) return system_says(errno);
  struct stat facts{};
  if (::fstat(file.descriptor(), &facts) != 0) return system_says(errno);
  if (!S_ISREG(facts.st_mode)) return std::unexpected("it is not a regular file");
  std::string bytes;
  while (bytes.size() <= bytes_max) {
    constexpr std::size_t step = 64 * kibibyte;
    const std::size_t before = bytes.size();
    bytes.resize(before + step);
    const ::ssize_t count = ::read(file.descriptor(), bytes.data() + before, step);
    if (count < 0 && errno != EINTR) return system_says(errno);
    bytes.resize(before + static_cast<std::size_t>(count < 0 ? 0 : count));
    if (count == 0) return bytes;
  }
  return std::unexpected(fmt::format("it has more than {}", option::shown_bytes(bytes_max)));
}

}  // namespace weir
