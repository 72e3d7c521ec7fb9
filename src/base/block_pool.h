// Blocks of memory that a core uses again and again.
//
// Problem: each request needs a few kilobytes for a moment; malloc touches cold memory and, across cores, locks.
// Idea: a last-in first-out free list of equal blocks per shard: the block just given back is still in the cache.
//
// Invariants
//   (1) A block is either free here or owned by exactly one borrower.
//   (2) At most free_max blocks wait for use; more go back to the system, so that a burst does not stay resident.
#pragma once

#include <cstddef>
#include <vector>

namespace weir {

class BlockPool {
 public:
  /// 4 KiB: a page; it holds the head and all records of an ordinary exchange.
  static constexpr std::size_t block_bytes = 4096;

  explicit BlockPool(std::size_t free_max = 1024) : free_max_(free_max) {}
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  [[nodiscard]] void* take();
  void give_back(void* block);

  /// Blocks out with borrowers, for memory budgets and leak checks.
  [[nodiscard]] std::size_t in_use() const { return in_use_; }

 private:
  std::size_t free_max_;
  std::size_t in_use_ = 0;
  std::vector<void*> free_;
};

}  // namespace weir
