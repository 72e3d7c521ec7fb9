// Sending and delivering, the two sides of mailbox.h.
#include "runtime/mailbox.h"

#include <utility>

namespace weir {

void Mailbox::send(Message message) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = messages_.empty();
    messages_.push_back(std::move(message));
  }
  if (first) io_.wake();
}

bool Mailbox::deliver() {
  std::vector<Message> batch;
  {
    const std::lock_guard lock(mutex_);
    if (messages_.empty()) return false;
    batch.swap(messages_);
  }
  for (Message& message : batch) message();
  return true;
}

}  // namespace weir
