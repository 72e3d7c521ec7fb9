// A map and a lock; answers come on the spot, behind the lock.
#include "stores/memory/memory_store.h"

namespace weir {

void MemoryStore::get(std::string key, Done<std::optional<StoreEntry>> done) {
  std::optional<StoreEntry> entry;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(key); found != entries_.end())
      entry = {.key = key, .value = found->second.value, .version = found->second.version};
  }
  done(std::move(entry));
}

void MemoryStore::write(std::vector<StoreWrite> writes, Done<void> done) {
  {
    const std::lock_guard lock(mutex_);
    for (StoreWrite& write : writes) {
      if (write.value) {
        entries_.insert_or_assign(std::move(write.key), Kept{*std::move(write.value), ++last_version_});
      } else {
        entries_.erase(write.key);
      }
    }
  }
  done({});
}

void MemoryStore::compare_and_set(std::string key, std::uint64_t version, std::string value, Done<std::uint64_t> done) {
  std::uint64_t now = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if ((found == entries_.end() ? 0 : found->second.version) == version) {
      now = ++last_version_;
      entries_.insert_or_assign(std::move(key), Kept{std::move(value), now});
    }
  }
  done(now);
}

void MemoryStore::scan(std::string prefix, std::string after, std::size_t most, Done<std::vector<StoreEntry>> done) {
  std::vector<StoreEntry> found;
  {
    const std::lock_guard lock(mutex_);
    auto next = after < prefix ? entries_.lower_bound(prefix) : entries_.upper_bound(after);
    for (; next != entries_.end() && next->first.starts_with(prefix) && found.size() < most; ++next)
      found.push_back({.key = next->first, .value = next->second.value, .version = next->second.version});
  }
  done(std::move(found));
}

}  // namespace weir
