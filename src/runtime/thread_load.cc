// The two readings behind a load.
#include "runtime/thread_load.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace weir {
namespace {

/// The first two numbers of schedstat: nanoseconds run, and nanoseconds waited for a processor.
bool read_schedstat(Duration& wanted) {
  const int file = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<char, 128> text;
  const ::ssize_t count = ::read(file, text.data(), text.size());
  ::close(file);
  if (count <= 0) return false;
  const char* const end = text.data() + count;
  std::int64_t ran = 0;
  std::int64_t waited = 0;
  const auto first = std::from_chars(text.data(), end, ran);
  if (first.ec != std::errc() || first.ptr == end) return false;
  if (std::from_chars(first.ptr + 1, end, waited).ec != std::errc()) return false;
  wanted = Duration{ran + waited};
  return true;
}

}  // namespace

unsigned ThreadLoad::busy(Time now) {
  if (begun_ && now - read_at_ < interval) return busy_;
  const Duration wanted = wanted_();
  if (begun_) {
    const auto share =
        1000.0 * static_cast<double>((wanted - wanted_at_).count()) / static_cast<double>((now - read_at_).count());
    busy_ = static_cast<unsigned>(std::clamp(share, 0.0, 1000.0));
  }
  begun_ = true;
  read_at_ = now;
  wanted_at_ = wanted;
  return busy_;
}

Duration ThreadLoad::time_wanted() {
  Duration wanted{};
  if (read_schedstat(wanted)) return wanted;
  timespec ran{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ran);
  return std::chrono::seconds{ran.tv_sec} + std::chrono::nanoseconds{ran.tv_nsec};
}

}  // namespace weir
