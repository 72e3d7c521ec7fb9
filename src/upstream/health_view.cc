// Following endpoints, looking at their standings, and the work of the core that watches.
#include "upstream/health_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/fault.h"

namespace weir {
namespace {

/// A dying endpoint fails a thousand times a second; looking at it so often would not make it more dead.
constexpr Duration report_pause = std::chrono::milliseconds{100};

double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

HealthView::~HealthView() {
  stop();
  forget_unobserved();
}

void HealthView::adopt(std::shared_ptr<ClusterHealth> cluster, const HealthRules& rules) {
  if (stopped_) return;
  if (cluster != cluster_) {
    if (cluster_ != nullptr) cluster_->leave(shard_.id, *this);
    cluster_ = std::move(cluster);
    cluster_->join(shard_.id, shard_.reactor.mailbox(), *this);
  }
  rules_ = rules;
  cluster_->begins_up.set(rules.checks.check == nullptr || rules.checks.begin_up);
  cluster_->panic_below_percent.set(rules.panic_below_percent);
  // Anew with the new rules: what is known stays in the cells.
  for (const auto& each : followed_) each->stop_checks();
  resting_ = false;
  seen_ = 0;
}

void HealthView::follow(std::span<const UpstreamAddress> addresses) {
  if (stopped_ || cluster_ == nullptr) return;
  std::vector<std::unique_ptr<FollowedEndpoint>> before = std::move(followed_);
  followed_.clear();
  followed_.reserve(addresses.size());
  // Most stay where they were: a change of one of 10,000 looks for one.
  for (std::size_t next = 0; const UpstreamAddress& address : addresses) {
    const auto same = [&](const auto& each) { return each != nullptr && each->address_ == address; };
    auto found = next < before.size() && same(before[next]) ? before.begin() + static_cast<std::ptrdiff_t>(next)
                                                            : std::ranges::find_if(before, same);
    if (found != before.end()) {
      next = static_cast<std::size_t>(found - before.begin()) + 1;
      followed_.push_back(std::move(*found));
    } else {
      followed_.push_back(begin_following(address));
    }
    check(*followed_.back());
  }
  for (auto& each : before) {
    if (each == nullptr) continue;
    each->stop_checks();
    each->show_weight(0);
    left_.push_back(std::move(each));
  }
  forget_unobserved();
  seen_ = 0;
  arm();
}

std::unique_ptr<FollowedEndpoint> HealthView::begin_following(const UpstreamAddress& address) {
  auto endpoint = cluster_->endpoint(text_of(address.address));
  auto followed = std::make_unique<FollowedEndpoint>(*this, std::move(endpoint), address, shard_.id);
  followed->counted_before_ = followed->health()->counted();
  return followed;
}

/// Begins to check the endpoint when that is this core's affair.
void HealthView::check(FollowedEndpoint& followed) {
  const std::shared_ptr<EndpointHealth>& endpoint = followed.health();
  if (resting_ || followed.prober_ != nullptr || cluster_->checking_core(endpoint->address()) != shard_.id) return;
  if (checks()) {
    followed.prober_ = std::make_shared<Prober>(shard_, cluster_, endpoint, followed.address_, rules_.checks);
    followed.prober_->start();
  } else if (endpoint->checked.get() != CheckState::unchecked) {
    // Nobody asks any more: what the last check said holds no longer.
    endpoint->checked.set(CheckState::unchecked);
    cluster_->changed();
  }
}

void HealthView::forget_unobserved() {
  std::erase_if(left_, [](const auto& each) { return !each->observed(); });
}

void HealthView::rest() {
  resting_ = true;
  shard_.reactor.timers().disarm(*this);
  for (const auto& each : followed_) {
    each->stop_checks();
    each->show_weight(0);
  }
}

void HealthView::stop() {
  if (std::exchange(stopped_, true)) return;
  shard_.reactor.timers().disarm(*this);
  for (const auto& each : followed_) {
    each->stop_checks();
    each->show_weight(0);
  }
  if (cluster_ != nullptr) cluster_->leave(shard_.id, *this);
}

// Who may be picked.

void HealthView::look() {
  const Time now = shard_.reactor.now();
  seen_ = cluster_->changes();
  look_again_at_ = never;
  group_ = {.panic_below_percent = rules_.panic_below_percent};
  standings_.resize(followed_.size());
  for (std::size_t at = 0; at < followed_.size(); ++at) {
    const EndpointHealth& endpoint = *followed_[at]->health();
    standings_[at] = endpoint.standing(now, !checks() || rules_.checks.begin_up);
    group_.count(standings_[at]);
    const Time ejected_until = endpoint.ejected_until.get();
    if (ejected_until > now) look_again_at_ = std::min(look_again_at_, ejected_until);
  }
  verdict_ = decide(group_);
  forget_unobserved();
}

// The core that watches.

void HealthView::report(FollowedEndpoint& endpoint, Time now) {
  if (stopped_ || endpoint.health()->ejected_until.get() > now) return;
  if (endpoint.reported_at_ != Time{} && now - endpoint.reported_at_ < report_pause) return;
  endpoint.reported_at_ = now;
  if (watches()) return look_at(endpoint.health());
  cluster_->tell_watcher_of_failures(endpoint.health());
}

void HealthView::hear_operator() {
  if (stopped_ || !watches()) return;
  const Time now = shard_.reactor.now();
  for (const auto& followed : followed_) {
    EndpointHealth& endpoint = *followed->health();
    const bool put_back =
        endpoint.admin.get() == AdminState::enabled && endpoint.enabled_at.get() >= endpoint.ejected_at.get();
    if (!put_back || endpoint.ejected_until.get() <= now) continue;
    endpoint.ejected_until.set(now);
    cluster_->changed();
    tell(fmt::format("{} is used again: the operator put it back", endpoint.address()));
  }
}

void HealthView::look_at(const std::shared_ptr<EndpointHealth>& endpoint) {
  const Time now = shard_.reactor.now();
  if (stopped_ || !rules_.outliers.watch || endpoint->ejected_until.get() > now) return;
  const std::uint32_t enough = rules_.outliers.consecutive_errors;
  const bool failing = endpoint->failures_in_a_row(AnswerPart::head) >= enough ||
                       endpoint->failures_in_a_row(AnswerPart::body) >= enough;
  if (enough > 0 && failing) eject(*endpoint, OutlierSign::consecutive_errors);
}

// Its run of failures has not ended: it will be judged by the first request that fails from now on. Until one does,
// nobody looks at that run, or whoever is well again would be ejected for what has been.
void HealthView::welcome_back(const std::shared_ptr<EndpointHealth>& endpoint) {
  const Time now = shard_.reactor.now();
  const bool failed_to_answer = endpoint->ejected_for.get() == OutlierSign::consecutive_errors;
  if (stopped_ || endpoint->ejected_until.get() <= now || !failed_to_answer) return;
  if (endpoint->up_since.get() <= endpoint->ejected_at.get()) return;
  endpoint->ejected_until.set(now);
  cluster_->changed();
  tell(fmt::format("{} is used again: its checks pass", endpoint->address()));
}

std::uint32_t HealthView::ejections_running(Time now) const {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(followed_, [&](const auto& each) { return each->health()->ejected_until.get() > now; }));
}

void HealthView::eject(EndpointHealth& endpoint, OutlierSign sign) {
  const Time now = shard_.reactor.now();
  const OutlierRules& rules = rules_.outliers;
  look();
  if (!fault(Fault::standing_unheard)) seen_ = 0;  // whoever picks has not heard of it yet: refresh() is still to tell
  const std::uint32_t before =
      ejections_remembered(endpoint.ejections.get(), endpoint.ejected_until.get(), rules.ejection, now);
  const EjectionVerdict verdict = decide(EjectionFacts{.sign = sign,
                                                       .endpoints = group_.allowed(),
                                                       .ejected = ejections_running(now),
                                                       .out_of_use = endpoint.checked.get() == CheckState::down,
                                                       .ejections_before = before,
                                                       .ejected_percent_max = rules.ejected_percent_max,
                                                       .ejection = rules.ejection,
                                                       .ejection_max = rules.ejection_max});
  if (!verdict.eject) {
    if (verdict.reason == "is_out_of_use") return;  // told when its checks found it down
    if (refusal_told_at_ != Time{} && now - refusal_told_at_ < rules.interval) return;
    refusal_told_at_ = now;
    return tell(fmt::format("{} fails ({}) and stays in use: {}", endpoint.address(), name_of(sign), verdict.reason));
  }
  endpoint.ejections.set(before + 1);
  endpoint.ejected_for.set(sign);
  endpoint.ejected_at.set(now);
  endpoint.ejected_until.set(fault(Fault::ejection_never_ends) ? never : now + verdict.duration);
  endpoint.ejections_total.add();
  cluster_->changed();
  tell(fmt::format("{} is ejected for {:g}s: {}", endpoint.address(), seconds_of(verdict.duration), verdict.reason));
}

/// The endpoints beside each other, by what they did since this was called last.
void HealthView::compare() {
  std::vector<OutlierWindow> windows;
  windows.reserve(followed_.size());
  for (const auto& followed : followed_) {
    const OutlierWindow counted = followed->health()->counted();
    const OutlierWindow& before = followed->counted_before_;
    windows.push_back({.requests = counted.requests - before.requests,
                       .failures = counted.failures - before.failures,
                       .latency = counted.latency - before.latency});
    followed->counted_before_ = counted;
  }
  const std::vector<OutlierSign> signs = find_outliers(windows, rules_.outliers);
  const Time now = shard_.reactor.now();
  for (std::size_t at = 0; at < signs.size(); ++at) {
    EndpointHealth& endpoint = *followed_[at]->health();
    if (signs[at] != OutlierSign::none && endpoint.ejected_until.get() <= now) eject(endpoint, signs[at]);
  }
}

void HealthView::arm() {
  const OutlierRules& rules = rules_.outliers;
  const bool compares = rules.watch && (rules.failure_deviations > 0 || rules.latency_factor > 0);
  if (stopped_ || resting_ || !watches() || !compares || followed_.size() < 2)
    return shard_.reactor.timers().disarm(*this);
  if (!armed()) shard_.reactor.timers().arm(*this, shard_.reactor.now() + rules.interval);
}

void HealthView::fire(Time) {
  compare();
  arm();
}

void HealthView::tell(const std::string& sentence) const {
  if (shard_.notices != nullptr) shard_.notices->warning(fmt::format("upstream {}: {}", cluster_->name(), sentence));
}

}  // namespace weir
