// Each interval: report, settle where this member is the aggregator, and see what holds.
#include "filters/limit/fleet/member.h"

#include <algorithm>

#include "base/invariant.h"

namespace weir::limit::fleet {
namespace {

constexpr Duration forget_after = std::chrono::seconds{10};
/// A word this old is not from now any more: the ratio is kept, not told.
constexpr Duration told_life = std::chrono::milliseconds{100};
/// A collector that has handed nothing down for so long says that it is there.
constexpr Duration silent_for = 2 * interval;
/// The time over which a member's own part of the traffic is averaged: long enough that the last words of an aggregator
/// that loses its members one by one do not give the whole to those that are left.
constexpr double share_seconds = 5.0;
/// What everybody has at least of an even share, so that who had nothing to do when the wire broke is not shut out.
constexpr double share_least = 0.1;

double seconds_of(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}

}  // namespace

std::string_view name_of(Mode mode) {
  switch (mode) {
    case Mode::whole:
      return "whole";
    case Mode::kept:
      return "kept";
    case Mode::share:
      return "share";
  }
  return "";
}

Member::Member(std::vector<std::string> names, MemberNumber self, Duration time_to_live, Send send)
    : names_(std::move(names)),
      self_(self),
      time_to_live_(time_to_live),
      send_(std::move(send)),
      heard_(names_.size(), Time{}) {
  invariant(self_ < names_.size(), "a member is one of the fleet");
  const Election election(names_);
  for (std::uint8_t number = 0; number < slots; ++number)
    slots_.emplace_back(names_.size(), seats_of(election, number, self_));
}

void Member::count(const Count& count, Time now) {
  Known* const found = find_or_meet(count.key, count.weight, now);
  if (found == nullptr) return;
  Known& known = *found;
  known.weight = count.weight;
  known.rule = count.rule;
  known.allowance = count.allowance;
  known.offered += count.offered;
  known.admitted += count.admitted;
  known.offered_alone += count.offered;
  known.admitted_alone += count.admitted;
  if (count.offered > 0) known.used = now;
}

/// \returns  null when as many are known as may be, and none of them is lighter
Member::Known* Member::find_or_meet(Fingerprint key, double weight, Time now) {
  if (const auto found = known_.find(key); found != known_.end()) return &found->second;
  if (known_.size() >= keys_max && !give_up_lightest(weight)) return nullptr;
  Known& known = known_[key];
  known.met = now;
  known.used = now;
  return &known;
}

bool Member::give_up_lightest(double below) {
  const auto lightest = std::ranges::min_element(known_, {}, [](const auto& each) { return each.second.weight; });
  if (lightest->second.weight >= below) return false;
  known_.erase(lightest);
  return true;
}

void Member::hear(MemberNumber from, std::string_view bytes, Time now) {
  ++traffic_.messages_received;
  traffic_.bytes_received += bytes.size();
  if (const std::optional<Report> report = read_report(bytes)) {
    heard_[from] = now;
    hear_report(from, *report, now);
  } else if (const std::optional<Ratios> ratios = read_ratios(bytes)) {
    heard_[from] = now;
    hear_ratios(from, *ratios, now);
  } else {
    ++traffic_.messages_refused;
  }
}

void Member::hear_report(MemberNumber from, const Report& report, Time now) {
  Slot& slot = slots_[report.slot];
  if (report.to == Seat::collector) {
    slot.collector.hear(from, report, now);
    if (slot.collector.is_due(now)) pass_on(report.slot, now);
  } else if (slot.aggregator.hear(from, report, now)) {
    tell(slot.aggregator.voters(), slot.aggregator.preview(report.slot, now), now);
  }
}

void Member::hear_ratios(MemberNumber from, const Ratios& ratios, Time now) {
  Slot& slot = slots_[ratios.slot];
  const bool is_for_collector = slot.has_groups && ratios.from == Seat::aggregator;
  Upward& upward = is_for_collector ? slot.beyond : slot.up;
  upward.answered(from, now);
  // Who is not asked is not believed: the answer of one that was voted for before may still be on its way.
  if (upward.taken(now) != from) return;
  if (is_for_collector) {
    hand_down(ratios, now);
  } else {
    take(ratios, now);
  }
}

void Member::lose(MemberNumber peer) {
  heard_[peer] = Time{};
  for (Slot& slot : slots_) {
    slot.up.lose(peer);
    slot.beyond.lose(peer);
  }
}

void Member::tick(Time now) {
  if (started_ == Time{}) started_ = now;
  const Duration elapsed = ticked_ == Time{} ? Duration{} : std::max(Duration{}, now - ticked_);
  ticked_ = now;
  for (std::uint8_t slot = 0; slot < slots; ++slot) report(slot, now);
  for (std::uint8_t slot = 0; slot < slots; ++slot) collect(slot, now);
  for (std::uint8_t slot = 0; slot < slots; ++slot) {
    Aggregator& aggregator = slots_[slot].aggregator;
    tell(aggregator.voters(), aggregator.settle(slot, now), now);
  }
  for (auto& [key, known] : known_) go_on(known, elapsed, now);
  std::erase_if(known_, [&](const auto& each) { return now - each.second.used > forget_after; });
}

// ---- reporting ----

std::optional<MemberNumber> Member::taken(std::uint8_t slot, Time now) const {
  return slots_[slot].up.taken(now);
}

std::vector<MemberNumber> Member::wanted(Time now) const {
  std::vector<MemberNumber> wanted;
  const auto want = [&](const Upward& upward) {
    const std::size_t last = std::min(upward.place(now), upward.order().size() - 1);
    for (std::size_t at = 0; at <= last; ++at) {
      const MemberNumber candidate = upward.order()[at];
      if (candidate != self_ && std::ranges::find(wanted, candidate) == wanted.end()) wanted.push_back(candidate);
    }
  };
  for (const Slot& slot : slots_) {
    want(slot.up);
    if (is_asked_to_collect(slot, now)) want(slot.beyond);
  }
  return wanted;
}

void Member::report(std::uint8_t number, Time now) {
  Slot& slot = slots_[number];
  const Seat seat = slot.has_groups ? Seat::collector : Seat::aggregator;
  probe(number, slot.up, seat, now);
  const std::optional<MemberNumber> to = slot.up.taken(now);
  if (!to) return;
  Report report = gather(number);
  report.to = seat;
  if (report.entries.empty() && now - slot.up.reported < heartbeat) return;
  if (!deliver(*to, report, now)) return;
  slot.up.reported = now;
  handed_over(report);
}

/// Asks the candidates in front of the one that is taken, whether they are back.
void Member::probe(std::uint8_t number, Upward& upward, Seat seat, Time now) {
  if (now - upward.probed < heartbeat) return;
  upward.probed = now;
  const std::size_t end = upward.place(now);
  for (std::size_t at = 0; at < end; ++at)
    (void)deliver(upward.order()[at], {.slot = number, .to = seat, .voters = 0, .entries = {}}, now);
}

bool Member::deliver(MemberNumber to, const Report& report, Time now) {
  if (to != self_) return send(to, write(report));
  hear_report(self_, report, now);
  return true;
}

Report Member::gather(std::uint8_t number) const {
  Report report{.slot = number, .to = Seat::aggregator, .voters = 1, .entries = {}};
  for (const auto& [key, known] : known_) {
    if (slot_of(key) != number || known.offered < 1) continue;
    const std::uint32_t offered = count_parts(known.offered);
    report.entries.push_back({.key = key,
                              .rule = known.rule,
                              .offered = offered,
                              .admitted = std::min(offered, count_parts(known.admitted)),
                              .offered_by_all = known.offered_by_all,
                              .allowance = known.allowance});
  }
  keep_heaviest(report.entries);
  return report;
}

void Member::handed_over(const Report& report) {
  for (const ReportEntry& entry : report.entries) {
    Known& known = known_[entry.key];
    known.offered -= entry.offered;
    known.admitted -= entry.admitted;
  }
}

bool Member::send(MemberNumber to, std::string bytes) {
  const std::size_t size = bytes.size();
  if (!send_(to, std::move(bytes))) return false;
  ++traffic_.messages_sent;
  traffic_.bytes_sent += size;
  return true;
}

// ---- being a collector ----

bool Member::is_asked_to_collect(const Slot& slot, Time now) {
  const Time heard = slot.collector.voters().heard();
  return slot.has_groups && heard != Time{} && now - heard <= patience;
}

void Member::collect(std::uint8_t number, Time now) {
  Slot& slot = slots_[number];
  if (!is_asked_to_collect(slot, now)) return;
  probe(number, slot.beyond, Seat::aggregator, now);
  if (!slot.beyond.taken(now)) return slot.collector.forget();
  if (slot.collector.is_due(now) || now - slot.beyond.reported >= heartbeat) pass_on(number, now);
  if (now - slot.handed_down < silent_for) return;
  tell(slot.collector.voters(), {.slot = number, .from = Seat::collector, .voters = slot.told_voters, .entries = {}},
       now);
}

void Member::pass_on(std::uint8_t number, Time now) {
  Slot& slot = slots_[number];
  const std::optional<MemberNumber> to = slot.beyond.taken(now);
  if (!to) return;
  const Report report = slot.collector.gather(number, now);
  if (!deliver(*to, report, now)) return;
  slot.beyond.reported = now;
  slot.collector.handed_over(report, now);
}

void Member::hand_down(const Ratios& ratios, Time now) {
  Slot& slot = slots_[ratios.slot];
  slot.told_voters = ratios.voters;
  if (ratios.entries.empty()) return;
  slot.handed_down = now;
  Ratios own = ratios;
  own.from = Seat::collector;
  tell(slot.collector.voters(), own, now);
}

// ---- telling ----

/// Those who take this one's word get the ratios; who only asked, or waits while there are none, hears that it is here.
void Member::tell(Voters& voters, const Ratios& ratios, Time now) {
  const std::string told = write(ratios);
  const Ratios here{.slot = ratios.slot, .from = ratios.from, .voters = ratios.voters, .entries = {}};
  const std::string here_told = write(here);
  for (std::size_t each = 0; each < names_.size(); ++each) {
    const auto member = static_cast<MemberNumber>(each);
    const bool gets_ratios = voters.votes(member, now) && !ratios.entries.empty();
    if (!voters.take_heard(member) && !gets_ratios) continue;
    if (member == self_) {
      hear_ratios(self_, gets_ratios ? ratios : here, now);
    } else {
      (void)send(member, gets_ratios ? told : here_told);
    }
  }
}

// ---- what holds ----

void Member::take(const Ratios& ratios, Time now) {
  if (!slots_[ratios.slot].aggregator.voters().are_majority(ratios.voters)) return;
  slots_[ratios.slot].told = now;
  for (const RatioEntry& entry : ratios.entries) {
    if (slot_of(entry.key) != ratios.slot) continue;
    Known* const found = find_or_meet(entry.key, 0, now);
    if (found == nullptr) continue;
    Known& known = *found;
    known.rule = entry.rule;
    known.ratio = ratio_from(entry.ratio);
    known.offered_by_all = entry.offered_by_all;
    known.told = now;
    known.used = now;
  }
}

void Member::go_on(Known& known, Duration elapsed, Time now) {
  // A key that nobody has told of yet has the time to live from when it was met, with a ratio of 1.
  const Time since = std::max(known.told, known.met);
  const bool was_alone = known.mode == Mode::share;
  if (known.told != Time{} && now - known.told <= told_life) {
    known.mode = Mode::whole;
    remember_share(known, seconds_of(elapsed));
  } else if (now - since <= time_to_live_) {
    known.mode = Mode::kept;
  } else {
    known.mode = Mode::share;
    if (!was_alone) {
      const double seconds = seconds_of(elapsed);
      known.alone = {.balance = 0, .offered_per_second = seconds > 0 ? known.offered_alone / seconds : 0};
    }
    go_alone(known, elapsed);
    // Its own account has settled these: reported later, they would be a debt of everybody.
    known.offered = 0;
    known.admitted = 0;
  }
  known.offered_alone = 0;
  known.admitted_alone = 0;
  // Said anew with each count; a key that has lost its place is counted no more.
  known.weight *= std::max(0.0, 1 - seconds_of(elapsed));
}

/// Sums in which what was long ago weighs less: their quotient is this member's part of the traffic.
void Member::remember_share(Known& known, double seconds) {
  const double kept = std::max(0.0, 1 - seconds / share_seconds);
  known.offered_here = known.offered_here * kept + known.offered_alone;
  known.offered_by_them = known.offered_by_them * kept + known.offered_by_all * seconds;
}

void Member::go_alone(Known& known, Duration elapsed) {
  const double even = 1.0 / static_cast<double>(names_.size());
  const double last = known.offered_by_them > 0 ? std::min(1.0, known.offered_here / known.offered_by_them) : even;
  const double share = std::max(last, share_least * even);
  const Allowance own{.per_second = known.allowance.per_second * share, .burst = known.allowance.burst * share};
  known.alone = settle_account(own, known.alone,
                               {.offered = known.offered_alone, .admitted = known.admitted_alone, .elapsed = elapsed});
  known.ratio = ratio_of(own, known.alone);
}

Mode Member::mode_of(std::uint8_t slot, Time now) const {
  const Time told = slots_[slot].told;
  if (told != Time{} && now - told <= told_life) return Mode::whole;
  return now - std::max(told, started_) <= time_to_live_ ? Mode::kept : Mode::share;
}

}  // namespace weir::limit::fleet
