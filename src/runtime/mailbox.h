// How another thread asks a core to do something.
//
// One of exactly three ways to share across cores (the others: single-writer cells that others read, and immutable
// blobs with an atomic count). Messages are rare (reload, drain, resolver answers), so a mutex is fast enough and
// easy to believe.
//
// Invariants
//   (1) Messages of one sender run in the order in which they were sent, on the owner's thread, between two turns.
//   (2) The owner is woken once per batch: a wake-up is asked for only when the box was empty.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "runtime/io.h"

namespace weir {

class Mailbox {
 public:
  using Message = std::move_only_function<void()>;

  explicit Mailbox(Io& io) : io_(io) {}

  /// From any thread.
  void send(Message message);

  /// On the owner's thread. \returns whether anything ran
  bool deliver();

 private:
  Io& io_;
  std::mutex mutex_;
  std::vector<Message> messages_;
};

}  // namespace weir
