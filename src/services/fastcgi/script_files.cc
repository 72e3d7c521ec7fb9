// The one file that asks the kernel.
#include "services/fastcgi/script_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace weir {
namespace {

// Linux 5.12; Debian 12's headers have it, those of some containers do not.
#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

// O_PATH: found, not opened; nothing is read, and a named pipe does not block.
int open_path(int folder, const char* path, std::uint64_t flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_PATH | O_CLOEXEC;
  how.resolve = resolve;
  return static_cast<int>(::syscall(SYS_openat2, folder, path, &how, sizeof how));
}

/// What a failed open says. A kernel that does not know RESOLVE_CACHED may know the answer when it may wait.
ScriptFound verdict_of(int error, DiskWait wait) {
  const bool unknown_flag = error == EAGAIN || error == EINVAL;
  if (unknown_flag && wait == DiskWait::never) return ScriptFound::would_wait;
  return error == EACCES || error == EPERM || error == ENOSYS ? ScriptFound::not_allowed : ScriptFound::no;
}

}  // namespace

ScriptFound find_script(const std::string& root, std::string_view script, DiskWait wait) {
  const std::uint64_t cached = wait == DiskWait::never ? RESOLVE_CACHED : 0;
  const Descriptor folder(open_path(AT_FDCWD, root.c_str(), O_DIRECTORY, cached));
  if (!folder) return verdict_of(errno, wait);
  const std::string below(script.substr(1));
  const Descriptor file(open_path(folder.number(), below.c_str(), 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | cached));
  if (!file) return verdict_of(errno, wait);
  struct statx facts{};
  if (::statx(file.number(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &facts) != 0) return ScriptFound::no;
  return S_ISREG(facts.stx_mode) ? ScriptFound::yes : ScriptFound::no;
}

}  // namespace weir
