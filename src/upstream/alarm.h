// Gives a part of a coroutine's work up when its time is over.
#pragma once

#include "runtime/cancellation.h"
#include "runtime/reactor.h"

namespace weir {

class Alarm final : private Timer {
 public:
  /// \param why  what the work ends with. Never timed_out: sessions take that for the end of a wait of their own
  Alarm(Reactor& reactor, Cancellation& region, Duration patience, Error why)
      : reactor_(reactor), region_(region), why_(why) {
    const Time due = deadline_after(reactor.now(), patience);
    if (due != never) reactor.timers().arm(*this, due);
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() { reactor_.timers().disarm(*this); }

 private:
  void fire(Time) override { region_.request(why_); }

  Reactor& reactor_;
  Cancellation& region_;
  Error why_;
};

}  // namespace weir
