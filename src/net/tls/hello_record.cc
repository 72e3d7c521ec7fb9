// Two sets that take turns.
#include "net/tls/hello_record.h"

#include <utility>

namespace weir::tls {

// Two windows later nothing of the first would be taken by the library either.
void HelloRecord::forget(Time now) {
  if (now < window_until_) return;
  const bool long_ago = now - window_until_ >= window;
  seen_[1] = long_ago ? std::unordered_set<std::uint64_t>() : std::move(seen_[0]);
  seen_[0].clear();
  window_until_ = now + window;
}

bool HelloRecord::admit(std::span<const std::uint8_t> random, Time now) {
  const std::uint64_t number = key_.hash({reinterpret_cast<const char*>(random.data()), random.size()});
  const std::lock_guard lock(mutex_);
  forget(now);
  if (seen_[1].contains(number) || seen_[0].size() >= hellos_max) return false;
  return seen_[0].insert(number).second;
}

bool HelloRecord::admit_of_shared_keys(std::span<const std::uint8_t> random, Time now) {
  {
    const std::lock_guard lock(mutex_);
    if (!begun_) begun_ = now;
    if (now - *begun_ < window) return false;
  }
  return admit(random, now);
}

}  // namespace weir::tls
