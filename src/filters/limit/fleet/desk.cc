// Leaving, taking, and waiting for the answer.
#include "filters/limit/fleet/desk.h"

#include <utility>

namespace weir::limit::fleet {

bool Desk::leave(const Question& question, Done done) {
  const std::lock_guard lock(mutex_);
  if (mailbox_ == nullptr || left_.size() >= left_max) return false;
  left_.push_back({.question = question, .done = std::move(done)});
  if (left_.size() == 1) mailbox_->send([desk = shared_from_this()] { desk->deliver(); });
  return true;
}

void Desk::deliver() {
  std::vector<Left> left;
  Take take;
  {
    const std::lock_guard lock(mutex_);
    left = std::exchange(left_, {});
    take = take_;
  }
  if (take) take(std::move(left));
}

void Desk::open(Mailbox& mailbox, Take take) {
  const std::lock_guard lock(mutex_);
  mailbox_ = &mailbox;
  take_ = std::move(take);
}

void Desk::close() {
  const std::lock_guard lock(mutex_);
  mailbox_ = nullptr;
  take_ = nullptr;
  left_.clear();
}

// ---- waiting ----

void AskOwner::begin() {
  place_ = std::make_shared<Place>(Place{.waiter = this, .mailbox = &reactor_.mailbox()});
  const bool left = desk_.leave(question_, [place = place_](OwnedSource source, const Answer& answer) {
    place->mailbox->send([place, outcome = Outcome{.source = source, .answer = answer}] {
      if (place->waiter != nullptr) place->waiter->conclude(outcome);
    });
  });
  if (!left) return conclude({});
  reactor_.timers().arm(*this, deadline_after(reactor_.now(), patience_));
}

void AskOwner::conclude(const Outcome& outcome) {
  reactor_.timers().disarm(*this);
  place_->waiter = nullptr;
  outcome_ = outcome;
  reactor_.schedule(*this);
}

void AskOwner::cancel(Error why) {
  reactor_.timers().disarm(*this);
  place_->waiter = nullptr;
  failure_ = fail(why);
  reactor_.schedule(*this);
}

}  // namespace weir::limit::fleet
