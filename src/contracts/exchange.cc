// Records and finishers: the two lists an exchange keeps in its arena.
#include "contracts/exchange.h"

#include <algorithm>
#include <utility>

#include "base/fault.h"

namespace weir {
namespace {

std::string_view nth_word(std::string_view words, std::size_t number) {
  for (; number > 0; --number) words.remove_prefix(std::min(words.find(' '), words.size() - 1) + 1);
  return words.substr(0, words.find(' '));
}

}  // namespace

Reply refuse(Error error) {
  co_return fail(error);
}

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

// Most filters take no time on the reactor's clock; those that asked somebody do, and are named with how long.
void Exchange::note_step() {
  const Time now = shard.reactor.now();
  const Time began = std::exchange(step_began_, now);
  if (steps_entered == 0) return;
  const Duration waited = now - began;
  record({.room = "filter",
          .verdict = "waited",
          .subject = nth_word(filters, steps_entered - 1U),
          .reason = {},
          .place = {}},
         waited);
}

void Exchange::release_snapshot() {
  for (std::string_view* name : {&route_name, &upstream_name, &upstream_endpoint, &filters}) *name = arena.copy(*name);
  configuration_ = arena.copy(configuration());
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
