// One core's side of a cluster: which addresses its endpoints have now, and a pool for each of them.
//
// Problem: names change their addresses and configurations change their endpoints while requests are under way; neither
// may cut a connection that is good, nor keep one that leads to where nobody should go any more.
// Idea: configured endpoints (slots) are turned into candidates, one per resolved address, and each candidate has a
// pool that is found by its address. Whenever slots or addresses change, the list of candidates is made anew: pools
// that are in it go on as they are, the others are drained and destroyed once nothing refers to them.
//
// Literal addresses need no resolving. Names are resolved when the cluster is first used and again every resolve_every,
// as long as somebody uses the cluster; the last good answer is kept when resolving fails.
//
// Invariants
//   (1) Every candidate's pool is in pools_ and open; every other pool is drained.
//   (2) A slot's coroutine holds the slot; one that left the configuration is marked gone and its answer is dropped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "upstream/cluster.h"
#include "upstream/pool.h"

namespace weir {

class ClusterState final : public ShardState, private Timer {
 public:
  ClusterState(Shard& shard, std::string name);
  ClusterState(const ClusterState&) = delete;
  ClusterState& operator=(const ClusterState&) = delete;
  ~ClusterState() override;

  /// Somebody uses the cluster, as `cluster` describes it; the newest description is adopted.
  void use(const Cluster& cluster) {
    if (cluster.generation() > generation_) [[unlikely]]
      adopt(cluster);
    if (!used_) [[unlikely]]
      wake_up();
  }
  void stop() override;
  /// Nobody new will come, until a newer description is adopted: connections are not kept for later.
  void keep_nothing_idle();

  /// Lives as long as the shard.
  [[nodiscard]] std::string_view name() const { return name_; }

  /// Somewhere to send a request to is known.
  [[nodiscard]] bool ready() const { return !candidates_.empty(); }

  /// What `co_await Resolved(state, timeout)` waits for: the first address of any endpoint.
  class Resolved final : public Suspension, private Timer {
   public:
    Resolved(ClusterState& state, Duration timeout) : state_(state), timeout_(timeout) {}
    Resolved(const Resolved&) = delete;
    Resolved& operator=(const Resolved&) = delete;

    bool await_ready() const { return state_.ready(); }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      if (const Error* already = suspend(handle)) {
        outcome_ = fail(*already);
        return false;
      }
      state_.begin_waiting(*this);
      return true;
    }
    /// \errors  no_endpoint, resolve_failed (also when it took longer than the timeout), canceled
    Result<void> await_resume() const { return outcome_; }

   private:
    friend class ClusterState;
    struct Place final : ListLink {
      explicit Place(Resolved& who) : resolved(who) {}
      Resolved& resolved;
    };
    void fire(Time now) override;
    void cancel(Error why) override;

    ClusterState& state_;
    Duration timeout_;
    Place place_{*this};
    Result<void> outcome_{};
  };

  /// The next endpoint in the balancer's opinion. \param avoid  id of a pool that just failed; 0: none. It is picked
  /// only when there is no other. \returns null when there is no endpoint at all
  Pool* pick(const Balancer& balancer, std::uint64_t avoid, std::string_view& reason);
  /// What the last pick was made from; valid until the next, or until endpoints change.
  [[nodiscard]] PickFacts last_pick() const { return {.endpoints = facts_, .turn = turn_ - 1, .draw = last_draw_}; }
  /// The pool with that id if it is still a candidate's.
  [[nodiscard]] Pool* find(std::uint64_t pool_id) const;
  /// Whether pick(avoid = pool_id) would find another endpoint.
  [[nodiscard]] bool has_other_than(std::uint64_t pool_id) const;

  [[nodiscard]] std::size_t pool_count() const { return pools_.size(); }

 private:
  struct Slot {
    ClusterEndpoint configured;
    std::vector<UpstreamAddress> addresses;
    bool literal = false;
    bool resolving = false;
    bool gone = false;
  };
  struct Candidate {
    Pool* pool;
    std::uint32_t weight;
  };

  void adopt(const Cluster& cluster);
  std::shared_ptr<Slot> take_slot(const ClusterEndpoint& configured);
  void make_candidates();
  Pool& pool_for(const UpstreamAddress& address);
  void wake_up();

  void resolve_names();
  Task<void> resolve(std::shared_ptr<Slot> slot);
  void begin_waiting(Resolved& waiting);
  void end_waiting(Resolved& waiting, Result<void> outcome);
  void tell_waiters(Error why);
  void fire(Time now) override;

  Shard& shard_;
  const std::string name_;
  std::uint64_t generation_ = 0;
  Pool::Settings pool_settings_;
  Duration resolve_every_ = no_limit;
  std::vector<std::shared_ptr<Slot>> slots_;
  std::vector<Candidate> candidates_;
  std::vector<EndpointFacts> facts_;  // of the candidates, kept to save the allocation
  std::vector<std::unique_ptr<Pool>> pools_;
  std::uint64_t last_pool_id_ = 0;
  std::uint64_t turn_ = 0;
  std::uint64_t last_draw_ = 0;
  unsigned resolving_ = 0;
  bool used_ = true;  // since names were last resolved
  bool stopped_ = false;
  IntrusiveList<Resolved::Place> waiting_;
};

}  // namespace weir
