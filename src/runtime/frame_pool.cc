// The free lists behind frame_pool.h.
#include "runtime/frame_pool.h"

#include <array>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define WEIR_FRAMES_FROM_SYSTEM 1
#endif
#endif

namespace weir {

#ifdef WEIR_FRAMES_FROM_SYSTEM

void* FramePool::take(std::size_t bytes) {
  return ::operator new(bytes);
}
void FramePool::give_back(void* frame, std::size_t) noexcept {
  ::operator delete(frame);
}

#else

namespace {

constexpr std::size_t class_bytes = 64;
// Frames above 4 KiB are rare (start-up, reload) and go to the system.
constexpr std::size_t classes = 64;

struct FreeFrame {
  FreeFrame* next;
};

struct FreeLists {
  std::array<FreeFrame*, classes + 1> heads{};

  ~FreeLists() {
    for (FreeFrame* head : heads) {
      while (head != nullptr) {
        FreeFrame* following = head->next;
        ::operator delete(head);
        head = following;
      }
    }
  }
};

// tidy: allow thread_local, an allocator's lists: nobody can tell which of them served a frame
thread_local FreeLists lists;

constexpr std::size_t class_of(std::size_t bytes) {
  return (bytes + class_bytes - 1) / class_bytes;
}

}  // namespace

void* FramePool::take(std::size_t bytes) {
  const std::size_t size_class = class_of(bytes);
  if (size_class > classes) [[unlikely]] {
    return ::operator new(bytes);
  }
  FreeFrame*& head = lists.heads[size_class];
  if (head == nullptr) return ::operator new(size_class * class_bytes);
  FreeFrame* frame = head;
  head = frame->next;
  return frame;
}

void FramePool::give_back(void* frame, std::size_t bytes) noexcept {
  const std::size_t size_class = class_of(bytes);
  if (size_class > classes) [[unlikely]] {
    ::operator delete(frame);
    return;
  }
  auto* free_frame = static_cast<FreeFrame*>(frame);
  free_frame->next = lists.heads[size_class];
  lists.heads[size_class] = free_frame;
}

#endif

}  // namespace weir
