// Reading /proc/self/statm.
#include "server/memory_watch.h"

#include <unistd.h>

#include <cstdio>
#include <memory>

namespace weir {

bool MemoryWatch::exceeds(ByteCount most, Time now) {
  if (most == unbounded) return false;
  const std::int64_t moment = now.time_since_epoch().count();
  std::int64_t due = next_reading_.load(std::memory_order_relaxed);
  // One core wins the right to read; the others go by the last figure.
  if (moment >= due &&
      next_reading_.compare_exchange_strong(due, moment + reading_interval.count(), std::memory_order_relaxed)) {
    resident_.store(resident_bytes(), std::memory_order_relaxed);
  }
  return resident_.load(std::memory_order_relaxed) > most;
}

ByteCount MemoryWatch::resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"), &std::fclose);
  unsigned long long total_pages = 0;
  unsigned long long resident_pages = 0;
  if (file == nullptr || std::fscanf(file.get(), "%llu %llu", &total_pages, &resident_pages) != 2) return 0;
  return resident_pages * static_cast<ByteCount>(::sysconf(_SC_PAGESIZE));
}

}  // namespace weir
