// The free list behind block_pool.h.
#include "base/block_pool.h"

#include <cstdlib>
#include <new>

#include "base/invariant.h"

namespace weir {

BlockPool::~BlockPool() {
  for (void* block : free_) ::operator delete(block);
}

void* BlockPool::take() {
  ++in_use_;
  if (free_.empty()) return ::operator new(block_bytes);
  void* block = free_.back();
  free_.pop_back();
  return block;
}

void BlockPool::give_back(void* block) {
  invariant(in_use_ > 0, "a block comes back once");
  --in_use_;
  if (free_.size() >= free_max_) {
    ::operator delete(block);
    return;
  }
  free_.push_back(block);
}

}  // namespace weir
