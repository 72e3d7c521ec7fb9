// A store that ends with the process: for tests, and where there is no state folder.
#pragma once

#include <map>
#include <mutex>

#include "contracts/store.h"

namespace weir {

class MemoryStore final : public Store {
 public:
  void get(std::string key, Done<std::optional<StoreEntry>> done) override;
  void write(std::vector<StoreWrite> writes, Done<void> done) override;
  void compare_and_set(std::string key, std::uint64_t version, std::string value, Done<std::uint64_t> done) override;
  void scan(std::string prefix, std::string after, std::size_t most, Done<std::vector<StoreEntry>> done) override;

 private:
  struct Kept {
    std::string value;
    std::uint64_t version;
  };
  std::mutex mutex_;
  std::map<std::string, Kept> entries_;
  std::uint64_t last_version_ = 0;  // of all keys
};

}  // namespace weir
