// What the whole machine knows of an upstream's endpoints, whatever core learned it.
//
// Problem: an endpoint that one core found dead is dead for all, and asking it once per core is asking too often; what
// an operator said, and what was learned, must survive a reload. But a core that picks may neither lock nor wait.
// Idea: one object per upstream and one per address in it, found again by key (contracts/shared_states.h). Each piece
// in it is written by one core or thread only and read by all:
//
//   operators' word             the control thread
//   what checks say             the core that checks the endpoint
//   ejections                   the core that watches the upstream
//   what became of requests     each core its own part
//
// Who writes bumps `changes`; a core that picks compares it with what it has seen, and looks closer only then. Which
// core checks and which watches is drawn by rendezvous over all cores, so that the work is spread and needs no leader.
//
// Invariants
//   (1) Every cell has one writer; `changes` alone is added to by several, once for each change of a standing.
//   (2) The lists of endpoints and cores are behind a mutex, which no request takes but one that failed in a long row.
//   (3) An endpoint that no core has any more is forgotten, unless an operator said something about it.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "contracts/kept_state.h"
#include "contracts/metrics.h"
#include "runtime/mailbox.h"
#include "upstream/check_history.h"
#include "upstream/outliers.h"

namespace weir {

/// One value with one writer.
template <typename Value>
class SharedValue {
 public:
  explicit constexpr SharedValue(Value value) : value_(value) {}
  void set(Value value) { value_.store(value, std::memory_order_release); }
  [[nodiscard]] Value get() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<Value> value_;
};

/// Heads of answers and their bodies are counted apart: who sends good heads and cuts every body is ill, too.
enum class AnswerPart : std::uint8_t { head, body };

class EndpointHealth {
 public:
  /// Failures in a row, as one core has seen them.
  struct Run {
    Cell length;
    SharedValue<Time> began{Time{}};
    SharedValue<Time> last_success{Time{}};
  };
  /// What one core writes.
  struct alignas(64) Core {
    std::array<Run, 2> runs;  // by AnswerPart
    Cell requests;
    Cell failures;
    Cell latency_nanoseconds;
    Cell in_flight;                        // a gauge: requests, bodies on their way and tunnels
    SharedValue<std::uint32_t> weight{0};  // as configured; 0: not among the core's endpoints
  };

  EndpointHealth(std::string address, unsigned cores) : address_(std::move(address)), cores_(cores) {}

  /// `10.0.0.1:8080`
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] Core& core(unsigned number) { return cores_[number < cores_.size() ? number : 0]; }

  [[nodiscard]] EndpointStanding standing(Time now, bool begins_up) const {
    return standing_of(admin.get(), checked.get(), begins_up, ejected_until.get() > now);
  }

  /// Failures in a row on the whole machine: those of the cores whose runs began after the last success of any.
  [[nodiscard]] std::uint64_t failures_in_a_row(AnswerPart part) const;
  [[nodiscard]] Time last_success(AnswerPart part) const;
  /// Of all cores, since the beginning.
  [[nodiscard]] OutlierWindow counted() const;
  [[nodiscard]] std::uint64_t in_flight() const;
  /// As configured; 0: it is no endpoint of the upstream now.
  [[nodiscard]] std::uint32_t weight() const;
  /// Something that must not be forgotten while the endpoint is away.
  [[nodiscard]] bool spoken_of() const { return admin.get() != AdminState::enabled || weight_said.get() != 0; }

  // Written by the control thread: what operators said.
  SharedValue<AdminState> admin{AdminState::enabled};
  SharedValue<WallTime> said_at{WallTime{}};  // the last word about `admin`; WallTime{}: none was said
  SharedValue<Time> enabled_at{Time{}};       // by that word, in this process
  SharedValue<std::uint32_t> weight_said{0};  // in place of the configured one; 0: that one holds
  // Written by the core that checks it.
  SharedValue<CheckState> checked{CheckState::unchecked};
  SharedValue<Time> up_since{Time{}};       // after it was down
  SharedValue<Time> checked_since{Time{}};  // when `checked` became what it is
  SharedValue<const char*> check_reason{""};
  SharedValue<std::uint32_t> check_number{0};
  Cell checks_passed;
  Cell checks_failed;
  // Written by the core that watches the upstream.
  SharedValue<Time> ejected_at{Time{}};
  SharedValue<Time> ejected_until{Time{}};
  SharedValue<OutlierSign> ejected_for{OutlierSign::none};
  SharedValue<std::uint32_t> ejections{0};  // not forgotten when the last one ended
  Cell ejections_total;

 private:
  const std::string address_;
  std::vector<Core> cores_;
};

class HealthView;

class ClusterHealth final : public KeptState {
 public:
  /// \param key    of the cluster; \param cores  those that serve: shards have the numbers below it
  ClusterHealth(std::string name, std::string key, unsigned cores);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] unsigned cores() const { return cores_; }

  /// Made when it is not there. From any thread; lives as long as somebody holds it.
  std::shared_ptr<EndpointHealth> endpoint(const std::string& address);
  /// The endpoint if it is known.
  [[nodiscard]] std::shared_ptr<EndpointHealth> find(std::string_view address) const;
  /// In the order of their addresses: those that a core has, and those an operator said something about.
  [[nodiscard]] std::vector<std::shared_ptr<EndpointHealth>> endpoints() const;

  /// Goes up with every change of a standing.
  [[nodiscard]] std::uint64_t changes() const { return changes_.load(std::memory_order_acquire); }
  void changed() { changes_.fetch_add(1, std::memory_order_acq_rel); }
  /// On the control thread: takes down what an operator said. Cores see it when they look next.
  void say(EndpointHealth& endpoint, AdminState state, Time now, WallTime wall);
  /// \param weight  0: the configured one
  void say_weight(EndpointHealth& endpoint, std::uint32_t weight);

  // What operators said outlives the process, where there is a place for it.
  [[nodiscard]] std::string_view kept_under() const override { return kept_under_; }
  void restore(const std::vector<StoreEntry>& entries, WallTime now) override;
  std::vector<StoreWrite> take_changes(std::size_t most) override;
  void not_written(const std::vector<StoreWrite>& writes, WallTime now) override;
  [[nodiscard]] bool is_over(const StoreEntry& entry, WallTime now) const override;

  [[nodiscard]] unsigned watching_core() const { return watching_core_; }
  [[nodiscard]] unsigned checking_core(std::string_view address) const;
  /// A core joins in. Its mailbox and view live until it says leave().
  void join(unsigned core, Mailbox& mailbox, HealthView& view);
  void leave(unsigned core, const HealthView& view);
  /// Lets the core that watches look at an endpoint that failed, or hear that its checks have found it up again.
  /// Nothing happens when that core has gone.
  void tell_watcher_of_failures(std::shared_ptr<EndpointHealth> endpoint);
  void tell_watcher_of_return(std::shared_ptr<EndpointHealth> endpoint);

  /// As configured now: what people and metrics are told by. Set where the configuration is taken over.
  SharedValue<bool> begins_up{true};
  SharedValue<std::uint32_t> panic_below_percent{0};

 private:
  struct Member {
    unsigned core = 0;
    Mailbox* mailbox = nullptr;
    HealthView* view = nullptr;
  };
  using Hearing = void (HealthView::*)(const std::shared_ptr<EndpointHealth>&);
  void tell_watcher(std::shared_ptr<EndpointHealth> endpoint, Hearing hearing);
  void forget_unused();
  void must_be_kept(const EndpointHealth& endpoint);

  const std::string name_;
  const std::string key_;
  const std::string kept_under_;
  const unsigned cores_;
  const unsigned watching_core_;
  std::atomic<std::uint64_t> changes_{1};
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<EndpointHealth>, std::less<>> endpoints_;
  std::size_t forget_at_ = 64;
  std::vector<Member> members_;
  std::set<std::string, std::less<>> unwritten_;  // addresses of which something was said since it was written
};

/// The standings of a cluster's endpoints, counted: what pages and metrics show.
GroupFacts group_of(const ClusterHealth& health, Time now);

}  // namespace weir
