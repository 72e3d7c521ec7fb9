// Memory that lives exactly as long as one exchange.
//
// Problem: a request leaves a hundred small things behind (field values, records, bodies); freeing them one by
// one costs more than making them.
// Idea: a bump pointer through blocks of the shard's pool; the whole arena goes back at once.
//
// Invariants
//   (1) Nothing in an arena has its destructor run by the arena: only trivially destructible things, or things that
//       somebody else destroys, go in.
//   (2) Things made per chunk of a body never go in: an arena grows with the request's head, not with its body.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/block_pool.h"

namespace weir {

class Arena {
 public:
  explicit Arena(BlockPool& pool) : pool_(pool) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { release(); }

  /// Uninitialised memory, aligned as asked; never null.
  [[nodiscard]] void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
    char* place = align(next_, alignment);
    if (place == nullptr || static_cast<std::size_t>(end_ - place) < bytes || place > end_) [[unlikely]] {
      return allocate_slow(bytes, alignment);
    }
    next_ = place + bytes;
    return place;
  }

  template <typename T, typename... Arguments>
  [[nodiscard]] T* make(Arguments&&... arguments) {
    return new (allocate(sizeof(T), alignof(T))) T(std::forward<Arguments>(arguments)...);
  }

  template <typename T>
  [[nodiscard]] std::span<T> make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return {static_cast<T*>(allocate(count * sizeof(T), alignof(T))), count};
  }

  /// A copy of `text` that lives as long as the arena.
  [[nodiscard]] std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* place = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
  }

  /// The pieces, one after the other, as one string.
  template <typename... Pieces>
  [[nodiscard]] std::string_view join(const Pieces&... pieces) {
    const std::size_t bytes = (std::string_view(pieces).size() + ... + 0);
    char* const begin = static_cast<char*>(allocate(bytes, 1));
    char* place = begin;
    ((place = append(place, std::string_view(pieces))), ...);
    return {begin, bytes};
  }

  /// Gives all memory back; everything made here is gone.
  void release();

 private:
  struct Header {
    Header* previous;
    std::size_t bytes;  // 0 for a pooled block
  };

  static char* align(char* place, std::size_t alignment) {
    return reinterpret_cast<char*>((reinterpret_cast<std::uintptr_t>(place) + alignment - 1) & ~(alignment - 1));
  }
  static char* append(char* place, std::string_view piece) {
    if (!piece.empty()) std::memcpy(place, piece.data(), piece.size());
    return place + piece.size();
  }
  void* allocate_slow(std::size_t bytes, std::size_t alignment);

  BlockPool& pool_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  Header* blocks_ = nullptr;
};

}  // namespace weir
