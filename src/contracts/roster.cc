// Sorting into groups, and the walk over them.
#include "contracts/roster.h"

#include <numeric>

#include "contracts/zone_spill.h"

namespace weir {
namespace {

/// About the sum divided by the golden ratio, without a common divisor.
std::uint64_t golden_step(std::uint64_t sum) {
  auto step = static_cast<std::uint64_t>(static_cast<double>(sum) * 0.6180339887498949);
  while (std::gcd(step, sum) != 1) ++step;
  return step;
}

/// Running sums and the guide to them, where weights differ.
void weigh(EndpointGroup& group, std::span<const EndpointFacts> endpoints) {
  const std::uint32_t first = endpoints[group.members.front()].weight;
  bool equal = true;
  group.weight_sum = 0;
  for (const std::uint32_t number : group.members) {
    equal = equal && endpoints[number].weight == first;
    group.weight_sum += endpoints[number].weight;
  }
  group.upto.clear();
  group.guide.clear();
  if (equal) return;
  std::uint64_t upto = 0;
  for (const std::uint32_t number : group.members) group.upto.push_back(upto += endpoints[number].weight);
  const std::size_t stretches = group.members.size();
  std::uint32_t at = 0;
  for (std::uint64_t stretch = 0; stretch < stretches; ++stretch) {
    // Rounded down as member_at() does: no point of the stretch lies before it.
    const auto begin =
        static_cast<std::uint64_t>(static_cast<unsigned __int128>(stretch) * group.weight_sum / stretches);
    while (group.upto[at] <= begin) ++at;
    group.guide.push_back(at);
  }
  group.step = golden_step(group.weight_sum);
}

bool may_serve(const EndpointFacts& endpoint) {
  return endpoint.available && !endpoint.drained && endpoint.weight > 0;
}

SideLoad load_of(const EndpointGroup& group, std::span<const EndpointFacts> endpoints) {
  SideLoad load{.weight = group.weight_sum};
  for (const std::uint32_t number : group.members) load.in_flight += endpoints[number].in_flight;
  return load;
}

bool all_tried(const EndpointGroup& group, const PickFacts& facts) {
  if (facts.tried.size() < group.members.size()) return false;
  return std::ranges::all_of(group.members, [&](std::uint32_t number) { return facts.was_tried(number); });
}

/// Of those who are ejected and were not tried, one by the draw: they are few, and nobody else is left.
std::optional<Pick> pick_ejected(const PickFacts& facts) {
  const auto fits = [&](std::uint32_t number) {
    const EndpointFacts& each = facts.endpoints[number];
    return each.ejected && !each.drained && each.weight > 0 && !facts.was_tried(number);
  };
  const auto count = static_cast<std::uint32_t>(facts.endpoints.size());
  const std::uint32_t begin = count == 0 ? 0 : static_cast<std::uint32_t>(facts.draw % count);
  for (std::uint32_t step = 0; step < count; ++step) {
    const std::uint32_t number = (begin + step) % count;
    if (fits(number)) return Pick{.endpoint = number, .reason = "ejected_but_untried"};
  }
  return {};
}

}  // namespace

std::uint32_t EndpointGroup::member_at(std::uint64_t point) const {
  if (upto.empty()) return members[static_cast<std::size_t>(point / (weight_sum / members.size()))];
  const auto stretch = static_cast<std::size_t>(static_cast<unsigned __int128>(point) * members.size() / weight_sum);
  std::uint32_t at = guide[stretch];
  while (upto[at] <= point) ++at;
  return members[at];
}

void Roster::make(std::span<const EndpointFacts> endpoints, const RosterRules& rules) {
  count_ = 0;
  for (std::uint32_t number = 0; number < endpoints.size(); ++number) {
    const EndpointFacts& endpoint = endpoints[number];
    EndpointGroup& group = group_for(endpoint);
    Tier& tier = tiers_[static_cast<std::size_t>(&group - groups_.data())];
    tier.weight += endpoint.weight;
    if (!may_serve(endpoint)) continue;
    tier.available += endpoint.weight;
    group.members.push_back(number);
    group.marks.resize(number / 64 + 1);
    group.marks.back() |= std::uint64_t{1} << (number % 64);
  }
  near_in_flight_ = rules.near_in_flight;
  share_out(rules);
  for (EndpointGroup& group : std::span(groups_.data(), count_)) weigh(group, endpoints);
}

/// Groups stand in the order of their use: by priority, the near side first. There are few.
EndpointGroup& Roster::group_for(const EndpointFacts& endpoint) {
  const auto order = [](const auto& each) { return each.priority * 2 + (each.near ? 0 : 1); };
  std::size_t at = 0;
  while (at < count_ && order(groups_[at]) < order(endpoint)) ++at;
  if (at < count_ && order(groups_[at]) == order(endpoint)) return groups_[at];
  if (count_ == groups_.size()) {
    groups_.emplace_back();
    tiers_.emplace_back();
  }
  const auto place = static_cast<std::ptrdiff_t>(at);
  const auto spare = static_cast<std::ptrdiff_t>(count_++);
  std::rotate(groups_.begin() + place, groups_.begin() + spare, groups_.begin() + spare + 1);
  std::rotate(tiers_.begin() + place, tiers_.begin() + spare, tiers_.begin() + spare + 1);
  groups_[at].members.clear();
  groups_[at].marks.clear();
  groups_[at].priority = endpoint.priority;
  groups_[at].near = endpoint.near;
  tiers_[at] = {};
  return groups_[at];
}

/// Drops groups that have nobody and says how much of the traffic each of the others takes. Those that take nothing
/// stay: a request that has tried all others goes there.
void Roster::share_out(const RosterRules& rules) {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < count_; ++at) {
    if (groups_[at].members.empty()) continue;
    std::swap(groups_[kept], groups_[at]);
    std::swap(tiers_[kept], tiers_[at]);
    ++kept;
  }
  count_ = kept;
  double borne = 0;
  for (std::size_t at = 0; at < count_; ++at) borne += bearing(at, rules);
  borne = std::min(borne, 1.0);
  share_upto_.clear();
  double upto = 0;
  for (std::size_t at = 0; at < count_; ++at) {
    upto = std::min(borne, upto + bearing(at, rules));
    share_upto_.push_back(static_cast<std::uint64_t>(upto / borne * 0x1p32));
  }
}

/// The share of all traffic that a group can take.
double Roster::bearing(std::size_t at, const RosterRules& rules) const {
  const Tier& tier = tiers_[at];
  const double healthy =
      static_cast<double>(tier.available) / static_cast<double>(tier.weight) * rules.bearing_percent / 100;
  const EndpointGroup* far = far_side_of(groups_[at]);
  if (far == nullptr) return healthy;
  const Tier& other = tiers_[at + 1];
  return std::min(healthy, part_kept_near(static_cast<double>(tier.available), static_cast<double>(other.available),
                                          rules.zone_traffic_per_million / 1e6));
}

/// Of a near side; null where there is none.
const EndpointGroup* Roster::far_side_of(const EndpointGroup& group) const {
  const EndpointGroup* next = &group + 1;
  if (!group.near || next == groups_.data() + count_ || next->priority != group.priority) return nullptr;
  return next;
}

const EndpointGroup* Roster::choose(std::uint64_t bits, std::span<const EndpointFacts> endpoints) const {
  const EndpointGroup* group = choose(bits);
  if (near_in_flight_ <= 0 || group == nullptr) return group;
  const EndpointGroup* far = far_side_of(*group);
  if (far == nullptr) return group;
  return near_is_full(load_of(*group, endpoints), load_of(*far, endpoints), near_in_flight_) ? far : group;
}

const EndpointGroup* Roster::choose(std::uint64_t bits) const {
  if (count_ <= 1) return count_ == 0 ? nullptr : groups_.data();
  // Other bits of the draw decide about the endpoint: these are mixed from all of them.
  const std::uint64_t point = (bits * 0x9E3779B97F4A7C15U) >> 32;
  std::size_t at = 0;
  while (at + 1 < count_ && share_upto_[at] <= point) ++at;
  return &groups_[at];
}

std::size_t Roster::members() const {
  std::size_t sum = 0;
  for (const EndpointGroup& group : groups()) sum += group.members.size();
  return sum;
}

std::optional<Pick> pick(const Balancer& balancer, const Roster& roster, PickFacts& facts) {
  facts.group = roster.choose(facts.keyed ? facts.key : facts.draw, facts.endpoints);
  if (facts.group == nullptr) return {};
  if (!facts.tried.empty() && all_tried(*facts.group, facts)) {
    const auto untried =
        std::ranges::find_if(roster.groups(), [&](const EndpointGroup& group) { return !all_tried(group, facts); });
    if (untried != roster.groups().end()) {
      facts.group = &*untried;
    } else if (const auto last_resort = pick_ejected(facts)) {
      return last_resort;
    } else {
      facts.tried = facts.tried.last(1);  // round again, but not straight back
      if (all_tried(*facts.group, facts)) facts.tried = {};
    }
  }
  return balancer.pick(facts);
}

std::string_view spill_reason(const Roster& roster, const PickFacts& facts) {
  if (facts.group == nullptr || facts.group->near) return {};
  const auto near = std::ranges::find_if(roster.groups(), [&](const EndpointGroup& group) {
    return group.near && group.priority == facts.group->priority;
  });
  if (near == roster.groups().end()) return "none_near";
  if (!facts.tried.empty() && all_tried(*near, facts)) return "near_tried";
  const bool by_share = roster.choose(facts.keyed ? facts.key : facts.draw) == facts.group;
  return by_share ? "near_share" : "near_full";
}

std::uint32_t warm_weight(std::uint32_t weight, Duration age, Duration window) {
  if (window <= Duration::zero() || age >= window) return weight;
  const double part = std::max(0.1, static_cast<double>(age.count()) / static_cast<double>(window.count()));
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(weight * part));
}

double hold_level(double held, std::uint64_t load, std::uint64_t weight, double above) {
  const double mean = static_cast<double>(load) / static_cast<double>(std::max<std::uint64_t>(weight, 1));
  const double least = mean * (1 + above / 2);
  const double most = mean * (1 + above);
  if (held >= least && held <= most) return held;
  return mean * (1 + above * 3 / 4);
}

}  // namespace weir
