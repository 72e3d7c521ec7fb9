// The loop behind reactor.h.
#include "runtime/reactor.h"

#include <algorithm>

namespace weir {

Reactor::Reactor(Io& io, std::uint64_t seed) : io_(io), now_(io.now()), timers_(now_), random_(seed), mailbox_(io) {}

void Reactor::schedule(Suspension& decided) {
  decided.unlink();  // from its cancellation's list: it is decided now
  ready_.push_back(decided);
}

// Only what was ready when the turn began: a coroutine that keeps scheduling itself does not starve the sockets.
bool Reactor::run_ready() {
  IntrusiveList<Suspension> batch;
  batch.splice_back(ready_);
  bool ran = false;
  while (Suspension* decided = batch.pop_front()) {
    ran = true;
    decided->waiter.resume();
  }
  return ran;
}

bool Reactor::turn(Time deadline) {
  bool ran = mailbox_.deliver();
  ran |= run_ready();
  ran |= timers_.advance(now_);
  const bool may_wait = ready_.empty() && !stopping_;
  const Time until = may_wait ? std::min(deadline, timers_.next_due()) : now_;
  ran |= io_.wait(until, *this) > 0;
  now_ = io_.now();
  return ran;
}

void Reactor::run() {
  stopping_ = false;
  while (!stopping_) turn();
}

void Reactor::complete(Op& op) {
  op.parked = false;
  if (op.layer != nullptr && !op.layer->completed(op)) return;
  op.unlink();
  op.waiter.resume();
}

}  // namespace weir
