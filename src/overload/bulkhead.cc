// Places, lines, and the messages between cores.
#include "overload/bulkhead.h"

#include <algorithm>

#include "base/fault.h"
#include "overload/bulkhead_core.h"

namespace weir {
namespace {

std::int64_t nanoseconds_of(Time time) {
  return time.time_since_epoch().count();
}

}  // namespace

Bulkhead::Bulkhead(std::string name, unsigned cores) : name_(std::move(name)), cores_(cores) {}

Bulkhead::~Bulkhead() {
  for (std::atomic<Core*>& core : cores_) delete core.load(std::memory_order_acquire);
}

std::vector<const Bulkhead::Counts*> Bulkhead::counts() const {
  std::vector<const Counts*> all;
  for (const std::atomic<Core*>& each : cores_) {
    if (const Core* core = each.load(std::memory_order_acquire)) all.push_back(&core->counts);
  }
  return all;
}

Bulkhead::Core& Bulkhead::core(Shard& shard, const BulkheadRule& rule, std::uint64_t generation) {
  invariant(shard.id < cores_.size(), "a bulkhead knows all cores that serve");
  Core* core = cores_[shard.id].load(std::memory_order_acquire);
  // Another shard under the same number: the one before is gone, as in tests that make many.
  if (core == nullptr || &core->shard != &shard) [[unlikely]] {
    delete core;
    core = new Core(*this, shard);
    cores_[shard.id].store(core, std::memory_order_release);
  }
  if (generation > core->generation) [[unlikely]] {
    adopt(rule, generation);
    core->adopt(rule, generation);
  }
  return *core;
}

// Of two configurations that run side by side the newer one rules.
void Bulkhead::adopt(const BulkheadRule& rule, std::uint64_t generation) {
  const std::lock_guard lock(tuning_);
  if (generation <= generation_) return;
  generation_ = generation;
  bounds_ = rule.bounds;
  if (tuner_.limit > 0) tuner_.limit = std::clamp(tuner_.limit, double(bounds_.minimum), double(bounds_.maximum));
  limit_.store(limit_in_force(bounds_, tuner_));
}

// ---- places ----

bool Bulkhead::take_place() {
  std::uint32_t taken = in_flight_.load();
  while (taken < limit_.load() || fault(Fault::places_not_counted)) {
    if (in_flight_.compare_exchange_weak(taken, taken + 1)) return true;
  }
  return false;
}

void Bulkhead::give_back(Core& core) {
  in_flight_.fetch_sub(1);
  if (waiting_.load() > 0) serve_somebody(core);
}

void Bulkhead::serve_somebody(Core& here) {
  while (waiting_.load() > 0 && in_flight_.load() < limit_.load()) {
    Core* const chosen = core_to_serve();
    if (chosen == nullptr) return;  // whoever is joining at this instant looks for itself
    if (chosen != &here) return chosen->ask_to_serve();
    here.serve();
  }
}

/// Where the highest class waits; of several, in turns.
Bulkhead::Core* Bulkhead::core_to_serve() {
  Core* chosen = nullptr;
  std::uint8_t highest = 0;
  const std::uint32_t first = turn_.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t step = 0; step < cores_.size(); ++step) {
    Core* const core = cores_[(first + step) % cores_.size()].load(std::memory_order_acquire);
    const std::uint8_t rank = core == nullptr ? std::uint8_t{0} : core->rank.load();
    if (rank <= highest) continue;
    highest = rank;
    chosen = core;
  }
  return chosen;
}

// ---- one core ----

void Bulkhead::Core::adopt(const BulkheadRule& newer, std::uint64_t newer_generation) {
  rule = newer;
  generation = newer_generation;
}

void Bulkhead::Core::join(Enter& enter) {
  const Time now = shard.reactor.now();
  standing = look_at_line(rule, standing, now, line.empty());
  line.join(enter, enter.exchange_.route_name, now);
  rank.store(line.rank());
  bulkhead.waiting_.fetch_add(1);
  counts.queued.add();
  counts.waited.add();
}

void Bulkhead::Core::leave(Enter& enter) {
  if (!enter.waits()) return;
  line.leave(enter);
  left();
}

void Bulkhead::Core::left() {
  rank.store(line.rank());
  bulkhead.waiting_.fetch_sub(1);
}

void Bulkhead::Core::shed(Enter& enter, Displacement why) {
  leave(enter);
  enter.decided(why);
  counts.shed[index_of(enter.priority())].add();
  if (standing.stands) standing.since = shard.reactor.now();
  shard.reactor.schedule(enter);
}

void Bulkhead::Core::serve() {
  const Time now = shard.reactor.now();
  standing = look_at_line(rule, standing, now, line.empty());
  const Duration longest = patience(rule, standing, bulkhead.baseline());
  while (!line.empty() && now - line.oldest()->since() >= longest) {
    shed(static_cast<Enter&>(*line.oldest()), Displacement::none);
  }
  while (!line.empty() && bulkhead.take_place()) {
    auto& next = static_cast<Enter&>(*line.next(standing.stands));
    line.serve(next);
    left();
    next.decided(Displacement::none);
    take(next);
    shard.reactor.schedule(next);
  }
  standing = look_at_line(rule, standing, now, line.empty());
  wake_in_time();
}

void Bulkhead::Core::take(Enter& enter) {
  counts.entered[index_of(enter.priority())].add();
  enter.permit_.entered_ = shard.reactor.now();
  enter.permit_.held_ = true;
  enter.exchange_.at_end(enter.permit_);
}

/// When the oldest has waited long enough, or the line has stood for an interval.
void Bulkhead::Core::wake_in_time() {
  if (line.empty()) return shard.reactor.timers().disarm(*this);
  Time due = deadline_after(line.oldest()->since(), patience(rule, standing, bulkhead.baseline()));
  if (!standing.stands) due = std::min(due, standing.since + rule.interval);
  if (due == never) return shard.reactor.timers().disarm(*this);
  shard.reactor.timers().arm(*this, std::max(due, shard.reactor.now()));
}

void Bulkhead::Core::ask_to_serve() {
  if (asked.exchange(true)) return;
  shard.reactor.mailbox().send([keep = bulkhead.shared_from_this(), this] {
    asked.store(false);
    serve();
    bulkhead.serve_somebody(*this);
  });
}

// ---- one request ----

Bulkhead::Permit::Permit(Core& core) : bulkhead_(core.bulkhead.shared_from_this()), core_(&core) {}

void Bulkhead::Permit::answered(const Result<Answer>& answer) {
  const Time now = core_->shard.reactor.now();
  const OutcomeFacts facts = outcome_of(answer, now - entered_);
  Counts& counts = core_->counts;
  if (was_too_much(facts)) {
    counts.failed.add();
  } else if (facts.status != 0 && facts.status < 500) {
    counts.answered.add();
    counts.latency_nanoseconds.add(static_cast<std::uint64_t>(facts.latency.count()));
    counts.in_flight.add(bulkhead_->in_flight());
  }
  if (nanoseconds_of(now) >= bulkhead_->window_ends_.load(std::memory_order_relaxed)) {
    bulkhead_->end_window(now);
    if (bulkhead_->waiting_.load() > 0) bulkhead_->serve_somebody(*core_);
  }
  // What a tunnel does is no work that could be waited for.
  if (answer && answer->tunnel != nullptr) give_back();
}

void Bulkhead::Permit::finish(const Exchange&, const Delivery& delivery) {
  if (delivery.complete || !fault(Fault::place_kept)) give_back();
  let_go();
}

void Bulkhead::Permit::give_back() {
  if (std::exchange(held_, false)) bulkhead_->give_back(*core_);
}

bool Bulkhead::Enter::await_ready() {
  Bulkhead& bulkhead = core_.bulkhead;
  while (true) {
    first_ = {.in_flight = bulkhead.in_flight_.load(),
              .limit = bulkhead.limit_.load(),
              .waiting = bulkhead.waiting_.load(),
              .queue = core_.rule.queue,
              .priority = priority()};
    if (first_.waiting >= first_.queue && first_.queue > 0) {
      const Waiter* const victim = core_.line.victim_for(priority(), exchange_.route_name);
      if (victim != nullptr)
        first_.displaces = victim->priority() < priority() ? Displacement::by_class : Displacement::by_share;
    }
    const WaitingAction action = decide_waiting(first_).action;
    if (action == WaitingAction::enter && !bulkhead.take_place()) continue;  // another core was faster
    if (action == WaitingAction::enter) core_.take(*this);
    if (action == WaitingAction::refuse) core_.counts.refused[index_of(priority())].add();
    facts_ = first_;
    return action != WaitingAction::wait;
  }
}

void Bulkhead::Enter::begin_waiting() {
  if (first_.displaces != Displacement::none) {
    Waiter* const victim = core_.line.victim_for(priority(), exchange_.route_name);
    core_.shed(static_cast<Enter&>(*victim), first_.displaces);
  }
  core_.join(*this);
  core_.bulkhead.serve_somebody(core_);
  core_.wake_in_time();
}

void Bulkhead::Enter::decided(Displacement displaced) {
  const Bulkhead& bulkhead = core_.bulkhead;
  facts_ = {.in_flight = bulkhead.in_flight(),
            .limit = bulkhead.limit(),
            .waiting = bulkhead.waiting(),
            .queue = core_.rule.queue,
            .priority = priority(),
            .displaces = displaced,
            .has_waited = true,
            .stands = core_.standing.stands,
            .waited = core_.shard.reactor.now() - since(),
            .patience = patience(core_.rule, core_.standing, bulkhead.baseline())};
}

void Bulkhead::Enter::cancel(Error why) {
  core_.leave(*this);
  core_.wake_in_time();
  canceled_ = why;
  core_.shard.reactor.schedule(*this);
}

Result<WaitingVerdict> Bulkhead::Enter::await_resume() const {
  if (canceled_) return fail(*canceled_);
  return decide_waiting(facts_);
}

// ---- the limit ----

/// What was counted since the window began; all that was ever counted becomes the next one's beginning when it ends.
TunerFacts Bulkhead::all_counted() const {
  TunerFacts all;
  for (const Counts* counts : this->counts()) {
    all.answered += counts->answered.get();
    all.failed += counts->failed.get();
    all.latency_total += Duration{static_cast<std::int64_t>(counts->latency_nanoseconds.get())};
    all.in_flight_total += counts->in_flight.get();
    all.waited += counts->waited.get();
  }
  return all;
}

void Bulkhead::end_window(Time now) {
  const std::unique_lock lock(tuning_, std::try_to_lock);
  if (!lock || nanoseconds_of(now) < window_ends_.load(std::memory_order_relaxed)) return;
  const TunerFacts all = all_counted();
  TunerFacts facts{.length = now - window_began_,
                   .answered = all.answered - before_.answered,
                   .failed = all.failed - before_.failed,
                   .latency_total = all.latency_total - before_.latency_total,
                   .in_flight_total = all.in_flight_total - before_.in_flight_total,
                   .waited = all.waited - before_.waited};
  const WindowIs window = judge_window(facts);
  if (window == WindowIs::open) {
    window_ends_.store(nanoseconds_of(now + tuner_window_min / 4), std::memory_order_relaxed);
    return;
  }
  if (window == WindowIs::full) {
    tuner_ = tune(bounds_, tuner_, facts);
    limit_.store(limit_in_force(bounds_, tuner_));
    baseline_.store(static_cast<std::int64_t>(tuner_.baseline * 1e9), std::memory_order_relaxed);
  }
  before_ = all;
  window_began_ = now;
  window_ends_.store(nanoseconds_of(now + tuner_window_min), std::memory_order_relaxed);
}

}  // namespace weir
