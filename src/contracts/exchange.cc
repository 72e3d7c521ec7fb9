// Records and finishers: the two lists an exchange keeps in its arena.
#include "contracts/exchange.h"

#include "base/fault.h"

namespace weir {

Exchange::~Exchange() {
  invariant(finished_, "every exchange is finished before it is destroyed");
}

const DecisionRecord& Exchange::record(DecisionRecord decided) {
  auto* kept = arena.make<DecisionRecord>(decided);
  kept->at = shard.reactor.now();
  kept->next = nullptr;
  if (last_record_ == nullptr) {
    first_record_ = kept;
  } else {
    last_record_->next = kept;
  }
  last_record_ = kept;
  return *kept;
}

void Exchange::release_snapshot() {
  for (std::string_view* name : {&route_name, &upstream_name, &upstream_endpoint}) *name = arena.copy(*name);
  for (DecisionRecord* kept = first_record_; kept != nullptr; kept = kept->next) {
    kept->subject = arena.copy(kept->subject);
  }
  snapshot.reset();
}

void Exchange::finish(const Delivery& delivery) {
  invariant(!finished_, "an exchange is finished once");
  finished_ = true;
  timings.finished = shard.reactor.now();
  if (fault(Fault::finisher_skipped) && !delivery.complete) finishers_ = nullptr;
  while (finishers_ != nullptr) {
    Finisher* finisher = finishers_;
    finishers_ = finisher->next_;
    finisher->finish(*this, delivery);
    if (fault(Fault::finisher_repeated)) finisher->finish(*this, delivery);
  }
}

}  // namespace weir
