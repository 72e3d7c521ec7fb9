// What a stream has received and nobody has read yet.
//
// Problem: a head may arrive in one piece or byte by byte, and what follows it in the same read (a body, the next
// request) must not be lost; but an idle connection must not own a buffer.
// Idea: bytes stay in the core's scratch while they are read in the same step, which is nearly always; they are copied
// into memory of their own only when the reader has to wait with some of them unread.
//
// Invariants
//   (1) unread() is contiguous: either in the scratch (this is its tenant) or in buffer_.
//   (2) An inbox with nothing unread and no fill() in progress owns no memory after trim().
#pragma once

#include <memory>
#include <span>

#include "net/stream.h"
#include "runtime/task.h"

namespace weir {

class Inbox final : private ScratchTenant {
 public:
  explicit Inbox(Stream& stream) : stream_(stream) {}
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  ~Inbox() { leave_scratch(); }

  [[nodiscard]] std::span<char> unread() const { return unread_; }
  [[nodiscard]] bool empty() const { return unread_.empty(); }

  /// Done with the first `bytes` of unread().
  void consume(std::size_t bytes) {
    unread_ = unread_.subspan(bytes);
    if (unread_.empty()) leave_scratch();
  }

  /// Waits for more bytes behind those unread. \param room_max  most bytes to hold unread at once
  /// \returns how many came; 0 at the end of the stream
  /// \errors  those of Stream::receive
  Task<Result<std::size_t>> fill_behind(std::size_t room_max, Duration timeout);

  /// The common case without a coroutine: nothing is unread, take what comes into the scratch.
  /// `co_await inbox.stream().receive(timeout)` followed by take(span).
  void take(std::span<char> received) {
    unread_ = received;
    if (!received.empty()) {
      in_scratch_ = true;
      stream_.reactor().io().lodge(this);
    }
  }

  /// Gives memory back when nothing is unread: called when a connection becomes idle.
  void trim() {
    if (unread_.empty() && buffer_ != nullptr) {
      buffer_.reset();
      capacity_ = 0;
    }
  }

  [[nodiscard]] Stream& stream() { return stream_; }

 private:
  void move_out() override;
  void leave_scratch() {
    if (in_scratch_) {
      in_scratch_ = false;
      stream_.reactor().io().vacate(this);
    }
  }
  void make_room(std::size_t capacity);

  Stream& stream_;
  std::span<char> unread_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  bool in_scratch_ = false;
};

}  // namespace weir
