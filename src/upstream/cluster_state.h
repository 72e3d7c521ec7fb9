// One core's side of a cluster: which addresses its endpoints have now, and a pool for each of them.
//
// Problem: names change their addresses and configurations change their endpoints while requests are under way; neither
// may cut a connection that is good, nor keep one that leads to where nobody should go any more.
// Idea: configured endpoints (slots) are turned into candidates, one per resolved address, and each candidate has a
// pool that is found by its address. Whenever slots or addresses change, the list of candidates is made anew: pools
// that are in it go on as they are, the others are drained and destroyed once nothing refers to them.
//
// What a balancer sees of the candidates is one array of facts, in their order; pools write their loads into it as they
// change, so that a pick copies nothing. Who may be picked (the roster) is made anew only when something changed.
//
// Where each gateway has a part of the endpoints (upstream/subset.h), it is chosen among the addresses, each priority's
// for itself. Literal addresses need no resolving. Names are resolved when the cluster is first used, and again when an
// answer holds no longer (every resolve_every at the latest), as long as somebody uses the cluster; the last good
// answer is kept when resolving fails.
//
// Invariants
//   (1) Every candidate's pool is in pools_ and open; every other pool is drained.
//   (2) facts_[n] are those of candidates_[n], whose pool has the number n; load_ is the sum of their in_flight.
//   (3) A slot's coroutine holds the slot; one that left the configuration is marked gone and its answer is dropped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "upstream/cluster.h"
#include "upstream/endpoint_files.h"
#include "upstream/extra_load.h"
#include "upstream/health_view.h"
#include "upstream/latency_window.h"
#include "upstream/lineup.h"
#include "upstream/load_prober.h"
#include "upstream/pool.h"

namespace weir {

/// What a request brings to its pick.
struct PickRequest {
  std::span<const std::uint64_t> tried{};  ///< ids of pools it had before: others are preferred
  std::optional<std::uint64_t> key{};      ///< by Balancer::key_of()
};

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

  /// The next endpoint in the balancer's opinion. \returns null when there is no endpoint at all
  Pool* pick(const Balancer& balancer, const PickRequest& request, std::string_view& reason);
  /// To be told how the attempt at `pool`, which was just picked, ended.
  [[nodiscard]] Observation observe(const Pool& pool) const {
    return pool.followed() == nullptr ? Observation() : Observation(*pool.followed());
  }
  /// Who of the endpoints is healthy, and who therefore may be picked.
  [[nodiscard]] const HealthView& health() const { return health_; }
  /// Takes over what operators and checks have found, also when nobody picks.
  void look_at_health();
  /// The same when an operator has said something: from when this returns on, it holds on this core.
  void hear_operator();
  /// The endpoints as a pick would see them now.
  Lineup lineup();
  /// What the last pick was made from; valid until the next, until after_pick(), or until endpoints change.
  [[nodiscard]] const PickFacts& last_pick() const { return last_; }
  /// Why it left the zone; empty: it did not.
  [[nodiscard]] std::string_view last_spill() const { return spill_reason(roster_, last_); }
  /// The report that it took; null: none.
  [[nodiscard]] const ProbeFacts* last_report() const {
    return last_probe_ == no_endpoint_number ? nullptr : &last_.probes[last_probe_];
  }
  /// The last pick was written down: other servers are asked for their load, where the balancer wants that.
  /// \param snapshot  of the request, pinned by the questions as well
  void after_pick(const SnapshotPin& snapshot) {
    if (prober_.asks()) [[unlikely]]
      ask_for_loads(snapshot);
  }
  /// The pool with that id if it is still a candidate's.
  [[nodiscard]] Pool* find(std::uint64_t pool_id) const;
  /// Where the pool's endpoint is an address of a name that has addresses of both families: the least loaded one of the
  /// other family that may be picked and was not tried, for when the way of this one is silent. Null: there is none.
  [[nodiscard]] Pool* sibling_of(const Pool& pool, std::span<const std::uint64_t> tried) const;
  /// Whether a pick of one who has tried pool_id would find another endpoint that is available.
  [[nodiscard]] bool has_other_than(std::uint64_t pool_id) const;
  /// Whether one who has tried all these would find another: one that is ejected is tried when nobody else is left.
  [[nodiscard]] bool has_other_than(std::span<const std::uint64_t> tried) const;

  /// Whether the balancer wants to know what answers tell.
  [[nodiscard]] bool learns() const { return learns_; }
  /// What an answer of an endpoint tells of it: how long it took, and what it says of its load.
  void learn(const Pool& pool, Duration took, const ResponseHead& head);

  // Endpoints, by number. Numbers change when endpoints come or go; a pool knows its own.
  [[nodiscard]] std::span<const EndpointFacts> endpoints() const { return facts_; }
  [[nodiscard]] Pool& pool_of(std::uint32_t number) const { return *candidates_[number].pool; }
  [[nodiscard]] const RosterRules& roster_rules() const { return rules_; }
  /// By which cookies name them.
  [[nodiscard]] const StickyIds& sticky_ids() const { return sticky_ids_; }
  /// What those who watch endpoints found out; it counts from the next pick on. One that comes back warms up.
  void set_available(std::uint32_t number, bool available);
  /// What an operator said of it.
  void set_drained(std::uint32_t number, bool drained);
  void set_weight(std::uint32_t number, std::uint32_t weight);

  [[nodiscard]] std::size_t pool_count() const { return pools_.size(); }

  /// What retries and hedges add to the requests.
  [[nodiscard]] ExtraLoad& extra_load() { return extra_load_; }
  /// How long an answer took to begin, for usual_latency(); forgotten where nobody asks for that.
  void observe_latency(Duration took) {
    if (latency_) latency_->observe(took);
  }
  /// The percentile after which requests are hedged; nothing when it is not known (yet), or not wanted.
  [[nodiscard]] std::optional<Duration> usual_latency() const { return latency_ ? latency_->usual() : std::nullopt; }

 private:
  struct Slot {
    ClusterEndpoint configured;
    std::vector<ResolvedAddress> addresses;
    Time due = Time::min();  // when it is asked about again
    bool literal = false;
    bool resolving = false;
    bool gone = false;

    /// Of one name: targets of a service are servers of their own.
    [[nodiscard]] bool has_both_families() const;
  };
  struct Candidate {
    Pool* pool;
    std::uint32_t configured;  // weight
    std::uint32_t weight;      // what operators said in its place, or the same
    Time warm_since;           // in the past when it is warm
    const Slot* slot;          // whose address it is
    bool has_siblings;         // that slot's name has addresses of the other family, too
  };

  struct TableName {
    std::string name;
    std::uint32_t weight;
    friend bool operator==(const TableName&, const TableName&) = default;
  };
  /// Steps in which an endpoint that warms up gets heavier.
  static constexpr std::uint32_t warming_steps = 100;

  /// Of weights as balancers see them.
  [[nodiscard]] std::uint32_t weight_scale() const { return slow_start_ > Duration::zero() ? warming_steps : 1; }
  void adopt(const Cluster& cluster);
  void take_slots(const std::vector<ClusterEndpoint>& endpoints);
  void make_candidates();
  void endpoints_changed();
  [[nodiscard]] std::vector<bool> addresses_talked_to() const;
  void ask_for_loads(const SnapshotPin& snapshot);
  void hear(std::uint64_t pool_id, const LoadReport& report, Duration took);
  void take_report(EndpointFacts& facts, const LoadReport& report, Duration took) const;
  void add_candidate(const Slot& slot, const ResolvedAddress& address, std::span<const Candidate> before,
                     std::span<const EndpointFacts> facts_before);
  void take_standings();
  Pool& pool_for(const UpstreamAddress& address);
  void settle_pools();
  void name_for_cookies();
  void find_table();
  Task<void> make_table(std::shared_ptr<const Balancer> balancer, std::vector<TableName> names);
  void number_table();
  void changed() { refresh_at_ = Time::min(); }
  void refresh(Time now);
  void bring_up_to_date(Time now);
  [[nodiscard]] double level_for_one_more(const Balancer& balancer) const;
  void wake_up();

  void resolve_names();
  Task<void> resolve(std::shared_ptr<Slot> slot);
  [[nodiscard]] Duration until_next(Duration holds) const;
  [[nodiscard]] Duration retry_after() const;
  void look_again_at(Time due);
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
  std::vector<EndpointFacts> facts_;  // of the candidates; their pools write their loads into it
  std::uint64_t load_ = 0;            // sum of their loads
  HealthView health_;                 // of the candidates, in their order
  std::vector<std::unique_ptr<Pool>> pools_;
  std::unordered_map<std::string, Pool*> pools_by_address_;  // by the bytes of the address
  std::unordered_map<std::uint64_t, Pool*> pools_by_id_;
  std::uint64_t last_pool_id_ = 0;
  std::uint64_t turn_ = 0;

  std::string zone_;
  Duration slow_start_ = Duration::zero();
  RosterRules rules_;
  Roster roster_;
  std::uint64_t roster_weight_ = 0;
  EndpointFiles files_;
  LoadProber prober_;
  SubsetRule subset_;
  Time refresh_at_ = Time::min();  // when the roster is made anew at the latest
  double level_ = 0;
  bool learns_ = false;
  std::shared_ptr<const Balancer> balancer_;
  std::shared_ptr<const BalancerTable> literal_table_;  // of the configuration, for its endpoints in their order
  std::shared_ptr<const BalancerTable> table_;
  std::vector<TableName> table_names_;
  std::vector<std::uint32_t> table_numbers_;
  bool making_table_ = false;
  std::shared_ptr<const StickyRule> sticky_;
  StickyIds sticky_ids_;
  std::vector<std::uint32_t> tried_;
  PickFacts last_;
  std::uint32_t last_probe_ = no_endpoint_number;

  ExtraLoad extra_load_;
  std::unique_ptr<LatencyWindow> latency_;
  unsigned resolving_ = 0;
  bool used_ = true;  // since names were last resolved
  bool stopped_ = false;
  IntrusiveList<Resolved::Place> waiting_;
};

}  // namespace weir
