// The numbers of all names, handed out in the order in which they come.
#include "contracts/state_key.h"

#include <mutex>
#include <string>
#include <unordered_map>

namespace weir {
namespace {

struct Numbers {
  std::mutex lock;
  std::unordered_map<std::string, std::size_t> by_name;
};

Numbers& numbers() {
  static Numbers all;
  return all;
}

}  // namespace

StateKey::StateKey(std::string_view name) {
  Numbers& all = numbers();
  const std::scoped_lock guard(all.lock);
  number_ = all.by_name.try_emplace(std::string(name), all.by_name.size()).first->second;
}

}  // namespace weir
