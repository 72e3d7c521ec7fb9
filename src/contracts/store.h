// A place for small values that outlive the process: the first half of the state plane.
//
// Problem: quotas, keys and sessions must survive a restart, and what keeps them differs: a file here, an engine that
// people already run there; and whatever keeps them may hang, be full or be broken while requests go on.
// Idea: names and bounded values with versions, asked with an answer that comes later, from any thread. Whoever serves
// requests never asks on their way: it reads when it begins and writes what has changed in batches.
//
// Invariants
//   (1) A batch is written as a whole or not at all, and what was answered as written is read from then on.
//   (2) A version is never used twice for a key, not even when it was removed in between.
//   (3) Every question is answered once; by `canceled` at the latest when the store ends.
//   (4) Keys and values are within limits::store_key_bytes and limits::store_value_bytes: who asks sees to it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace weir {

struct StoreEntry {
  std::string key;
  std::string value;
  std::uint64_t version = 0;  ///< from 1
  friend bool operator==(const StoreEntry&, const StoreEntry&) = default;
};

struct StoreWrite {
  std::string key;
  std::optional<std::string> value;  ///< none: the key is removed
};

class Store {
 public:
  /// Called once, from whatever thread has the answer.
  /// \errors  io_failed with the engine's words, disk_busy, canceled
  template <typename T>
  using Done = std::move_only_function<void(Result<T>)>;

  virtual ~Store() = default;

  virtual void get(std::string key, Done<std::optional<StoreEntry>> done) = 0;
  /// Puts and removes in their order, all or none.
  virtual void write(std::vector<StoreWrite> writes, Done<void> done) = 0;
  /// Puts the value where the key has that version; 0: where there is none.
  /// \param done  gets the new version, 0 when somebody else was faster
  virtual void compare_and_set(std::string key, std::uint64_t version, std::string value, Done<std::uint64_t> done) = 0;
  /// The entries whose keys begin with `prefix` and come behind `after`, in the order of their bytes, `most` of them.
  virtual void scan(std::string prefix, std::string after, std::size_t most, Done<std::vector<StoreEntry>> done) = 0;

  void put(std::string key, std::string value, Done<void> done) {
    write({StoreWrite{.key = std::move(key), .value = std::move(value)}}, std::move(done));
  }
  void remove(std::string key, Done<void> done) {
    write({StoreWrite{.key = std::move(key), .value = std::nullopt}}, std::move(done));
  }
};

}  // namespace weir
