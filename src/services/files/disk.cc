// The calls behind disk.h; the C library knows neither openat2 nor cachestat.
#include "services/files/disk.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace weir::files {
namespace {

constexpr std::uint64_t resolve_cached = 0x20;  // RESOLVE_CACHED, Linux 5.12; Debian 12's headers have it, older do not
constexpr long cachestat_number = 451;          // SYS_cachestat, the same on every architecture
constexpr int races_max = 16;

struct CacheStatRange {
  std::uint64_t offset;
  std::uint64_t bytes;
};
struct CacheStat {
  std::uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

int open_at(int directory, const char* name, std::uint64_t flags, std::uint64_t resolve) {
  open_how how{.flags = flags | O_CLOEXEC, .mode = 0, .resolve = resolve};
  return static_cast<int>(::syscall(SYS_openat2, directory, name, &how, sizeof(how)));
}

WallTime wall_time(const statx_timestamp& stamp) {
  return WallTime{std::chrono::seconds{stamp.tv_sec} + std::chrono::nanoseconds{stamp.tv_nsec}};
}

Error error_of(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case EINVAL:
      return client_error(Code::not_found);
    case EXDEV:
      return client_error(Code::not_found, "a link leads out of the root");
    case ELOOP:
      return client_error(Code::not_found, "links lead in a circle");
    case EACCES:
    case EPERM:
      return client_error(Code::permission_denied);
    case EMFILE:
    case ENFILE:
      return gateway_error(Code::out_of_descriptors);
    default:
      return Error{.code = Code::io_failed, .origin = Origin::gateway, .os_error = number};
  }
}

/// An open that found nothing cached, or that this kernel cannot do without waiting.
bool would_wait(int number, Patience patience) {
  return patience == Patience::cached && (number == EAGAIN || number == EINVAL);
}

bool facts_of(int descriptor, unsigned flags, FileFacts& facts) {
  struct statx said{};
  constexpr unsigned wanted = STATX_TYPE | STATX_INO | STATX_NLINK | STATX_SIZE | STATX_MTIME | STATX_CTIME;
  if (::statx(descriptor, "", static_cast<int>(AT_EMPTY_PATH | flags), wanted, &said) != 0) return false;
  facts = {.device = ::gnu_dev_makedev(said.stx_dev_major, said.stx_dev_minor),
           .inode = said.stx_ino,
           .bytes = said.stx_size,
           .modified = wall_time(said.stx_mtime),
           .changed = wall_time(said.stx_ctime),
           .names = said.stx_nlink,
           .kind = S_ISREG(said.stx_mode)   ? FileFacts::Kind::file
                   : S_ISDIR(said.stx_mode) ? FileFacts::Kind::directory
                                            : FileFacts::Kind::other};
  return true;
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::optional<Result<Opened>> open_beneath(const std::string& root, const std::string& name, Patience patience) {
  const std::uint64_t cached = patience == Patience::cached ? resolve_cached : 0;
  // The root anew each time: a deployment that turns a link to its new release is followed.
  const Descriptor base(open_at(AT_FDCWD, root.c_str(), O_PATH | O_DIRECTORY, cached));
  if (!base.open()) {
    if (would_wait(errno, patience)) return {};
    return fail(error_of(errno));
  }
  Opened opened;
  // O_NONBLOCK: a pipe without a writer must not hold us.
  for (int tries = 0; !opened.descriptor.open() && tries < races_max; ++tries) {
    opened.descriptor =
        Descriptor(open_at(base.number(), name.empty() ? "." : name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY,
                           RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | cached));
    if (opened.descriptor.open() || errno != EAGAIN || cached != 0) break;  // EAGAIN: a rename came between
  }
  if (!opened.descriptor.open()) {
    if (would_wait(errno, patience)) return {};
    return fail(error_of(errno));
  }
  if (!facts_of(opened.descriptor.number(), cached != 0 ? AT_STATX_DONT_SYNC : 0, opened.facts)) {
    return fail(error_of(errno));
  }
  return opened;
}

std::optional<FileFacts> look(const Descriptor& descriptor) {
  FileFacts facts;
  if (!facts_of(descriptor.number(), AT_STATX_DONT_SYNC, facts)) return {};
  return facts;
}

std::optional<Result<std::size_t>> read_at(const Descriptor& descriptor, std::span<char> room, ByteCount offset,
                                           Patience patience) {
  const int flags = patience == Patience::cached ? RWF_NOWAIT : 0;
  std::size_t filled = 0;
  while (filled < room.size()) {
    const iovec rest{.iov_base = room.data() + filled, .iov_len = room.size() - filled};
    const ssize_t count = ::preadv2(descriptor.number(), &rest, 1, static_cast<off_t>(offset + filled), flags);
    if (count == 0) break;
    if (count < 0) {
      if (errno == EINTR) continue;
      if (patience == Patience::cached && (errno == EAGAIN || errno == EOPNOTSUPP)) break;
      return fail(Error{.code = Code::io_failed, .origin = Origin::gateway, .os_error = errno});
    }
    filled += static_cast<std::size_t>(count);
  }
  // What is cached may end before the room does; nothing at all may also be the end of the file: ask with patience.
  if (patience == Patience::cached && filled == 0 && !room.empty()) return {};
  return filled;
}

bool is_resident(const Descriptor& descriptor, ByteCount offset, ByteCount bytes) {
  static const auto page = static_cast<ByteCount>(::sysconf(_SC_PAGESIZE));
  CacheStatRange range{.offset = offset, .bytes = bytes};
  CacheStat said{};
  if (::syscall(cachestat_number, descriptor.number(), &range, &said, 0) != 0) return false;
  const ByteCount pages = (offset + bytes - 1) / page - offset / page + 1;
  return said.cached >= pages;
}

}  // namespace weir::files
