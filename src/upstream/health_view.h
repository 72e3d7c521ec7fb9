// One core's view of the health of an upstream: who may be picked, and its share of the work of finding out.
//
// Idea: the endpoints a core has now are followed here, in the order of its candidates. A pick compares one number with
// the last it saw; only when something changed, or an ejection ends, are the standings looked at anew. Failures are
// counted where they happen; the core that watches the upstream decides what they mean, the core that is drawn for an
// endpoint checks it.
//
// Invariants
//   (1) followed_ and standings_ have the order of the candidates.
//   (2) A followed endpoint is destroyed only when nobody observes it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "contracts/shard.h"
#include "upstream/availability.h"
#include "upstream/observation.h"

namespace weir {

class HealthView final : private Timer {
 public:
  explicit HealthView(Shard& shard) : shard_(shard) {}
  HealthView(const HealthView&) = delete;
  HealthView& operator=(const HealthView&) = delete;
  ~HealthView();

  /// Takes over what a configuration says; follow() comes next.
  void adopt(std::shared_ptr<ClusterHealth> cluster, const HealthRules& rules);
  /// These are the endpoints from now on.
  void follow(std::span<const UpstreamAddress> addresses);
  /// Nobody new will come, until adopt(): what is known holds, and nobody asks.
  void rest();
  void stop();

  /// Looks whether standings have changed. \returns whether they have, since this was asked last
  bool refresh() {
    if (cluster_ == nullptr) return false;
    if (cluster_->changes() == seen_ && shard_.reactor.now() < look_again_at_) [[likely]]
      return false;
    look();
    return true;
  }
  // As refresh() saw them last.
  [[nodiscard]] EndpointStanding standing(std::size_t at) const { return standings_[at]; }
  [[nodiscard]] bool may_be_picked(std::size_t at) const { return weir::may_be_picked(standings_[at], verdict_.use); }
  [[nodiscard]] const GroupFacts& group() const { return group_; }
  [[nodiscard]] const GroupVerdict& verdict() const { return verdict_; }

  [[nodiscard]] FollowedEndpoint& followed(std::size_t at) { return *followed_[at]; }
  [[nodiscard]] const HealthRules& rules() const { return rules_; }
  [[nodiscard]] Time now() const { return shard_.reactor.now(); }
  [[nodiscard]] bool checks() const { return rules_.checks.check != nullptr; }

  /// An operator said something: on the core that watches, an ejection ends before its time for whom he put back.
  void hear_operator();
  /// An endpoint failed often enough to be looked at by the core that watches.
  void report(FollowedEndpoint& endpoint, Time now);
  /// On the core that watches: what do its failures mean?
  void look_at(const std::shared_ptr<EndpointHealth>& endpoint);
  /// On the core that watches: its checks have found it up again. What failed before says nothing any more.
  void welcome_back(const std::shared_ptr<EndpointHealth>& endpoint);

 private:
  void look();
  std::unique_ptr<FollowedEndpoint> begin_following(const UpstreamAddress& address);
  void check(FollowedEndpoint& followed);
  void forget_unobserved();
  [[nodiscard]] bool watches() const { return cluster_ != nullptr && cluster_->watching_core() == shard_.id; }
  void eject(EndpointHealth& endpoint, OutlierSign sign);
  [[nodiscard]] std::uint32_t ejections_running(Time now) const;
  void compare();
  void arm();
  void fire(Time now) override;
  void tell(const std::string& sentence) const;

  Shard& shard_;
  std::shared_ptr<ClusterHealth> cluster_;
  HealthRules rules_;
  std::vector<std::unique_ptr<FollowedEndpoint>> followed_;
  std::vector<std::unique_ptr<FollowedEndpoint>> left_;  // followed no more, but somebody observes them
  std::vector<EndpointStanding> standings_;
  GroupFacts group_;
  GroupVerdict verdict_;
  std::uint64_t seen_ = 0;
  Time look_again_at_{};
  Time refusal_told_at_{};
  bool resting_ = false;
  bool stopped_ = false;
};

}  // namespace weir
