// A shared state that outlives the process.
//
// Idea: the state says what has changed as writes for a store (contracts/store.h) and takes over what a store has; who
// reads and writes, when, and what to do about a disk that is full is somebody else's affair
// (app/process/state_keeper.h). So the one that serves requests never waits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "contracts/shared_states.h"
#include "contracts/store.h"

namespace weir {

class KeptState : public SharedState {
 public:
  /// Begins the keys of its entries; empty: nothing of it is kept.
  [[nodiscard]] virtual std::string_view kept_under() const = 0;
  /// Takes over entries that were kept. Before requests meet it, once.
  virtual void restore(const std::vector<StoreEntry>& entries, WallTime now) = 0;
  /// Some of what has changed since it was asked last, `most` at most. From any thread, one at a time.
  virtual std::vector<StoreWrite> take_changes(std::size_t most) = 0;
  /// These could not be written: they have changed still.
  virtual void not_written(const std::vector<StoreWrite>& writes, WallTime now) = 0;
  /// Whether an entry of it is of no use any more.
  [[nodiscard]] virtual bool is_over(const StoreEntry& entry, WallTime now) const = 0;
};

}  // namespace weir
