// Where an arena meets the end of its block.
#include "base/arena.h"

#include <cstdint>

namespace weir {

void* Arena::allocate_slow(std::size_t bytes, std::size_t alignment) {
  // A large thing gets memory of its own and leaves the current block as it is.
  if (bytes + alignment > BlockPool::block_bytes / 2) {
    const std::size_t total = sizeof(Header) + alignment + bytes;
    auto* header = static_cast<Header*>(::operator new(total));
    if (blocks_ == nullptr) {
      *header = {nullptr, total};
      blocks_ = header;
    } else {  // behind the current block, whose free end stays in use
      *header = {blocks_->previous, total};
      blocks_->previous = header;
    }
    return align(reinterpret_cast<char*>(header + 1), alignment);
  }
  auto* header = static_cast<Header*>(pool_.take());
  *header = {blocks_, 0};
  blocks_ = header;
  next_ = reinterpret_cast<char*>(header + 1);
  end_ = reinterpret_cast<char*>(header) + BlockPool::block_bytes;
  char* place = align(next_, alignment);
  next_ = place + bytes;
  return place;
}

void Arena::release() {
  while (blocks_ != nullptr) {
    Header* block = blocks_;
    blocks_ = block->previous;
    if (block->bytes == 0) {
      pool_.give_back(block);
    } else {
      ::operator delete(block);
    }
  }
  next_ = end_ = nullptr;
}

}  // namespace weir
