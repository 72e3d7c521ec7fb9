// A connection to an endpoint whose name has addresses of both families, when the way of one family is silent.
//
// Problem: a name has IPv6 and IPv4 addresses, and the way of one family leads nowhere: what is sent there vanishes.
// Each address is an endpoint of its own (docs/decisions/happy-eyeballs-for-one-server.md), so a request that the
// balancer gives to the silent one waits for timeouts.connect before it is tried elsewhere, and so does the next.
// Idea ("happy eyeballs", RFC 8305): when a connection that is being opened has not come within 250 ms, or has failed,
// one to an endpoint of the other family of the same name, its sibling, is asked for beside it. The request goes to who
// has one first. Who lost is known as silent until it connects again: meanwhile the sibling is asked at once, and one
// connect at a time finds out whether the way is back.
//
// Whose is what: request, load, answer and health are the winner's. The connect of one that lost goes on by itself;
// when it fails, that is held against its endpoint, although nobody waits for it.
//
// Invariants
//   (1) When run() has returned, no lane runs, and what the try says of its endpoint is of the lane that is returned.
//   (2) Being busy is not being silent: who waits in line for an endpoint that connects stays there.
//   (3) Nothing of the request was sent: a family that is passed over is no retry and costs no budget.
#pragma once

#include <optional>

#include "runtime/scope.h"
#include "upstream/cluster_state.h"
#include "upstream/one_try.h"

namespace weir {

/// Of a try whose endpoint has a sibling.
struct SiblingFacts {
  PoolAction first = PoolAction::open;  ///< what the endpoint's pool does for the try
  bool silent = false;                  ///< the endpoint lost its last race and has not connected since
  bool connecting = false;              ///< a connection to it is being opened for another request
  bool delay_over = false;              ///< the try has waited for the connection attempt delay
  bool failed = false;                  ///< its connect has failed already
};

enum class SiblingAction : std::uint8_t {
  alone,        ///< the sibling is not asked
  wait,         ///< not yet
  ask,          ///< beside the endpoint
  ask_instead,  ///< the endpoint is not asked at all
};

struct SiblingVerdict {
  SiblingAction action = SiblingAction::alone;
  std::string_view reason;  ///< static
};

/// Pure.
SiblingVerdict decide(const SiblingFacts& facts);

class FamilyRace {
 public:
  /// \param one  the try: its pool, and that pool's sibling; what it came to is found there
  FamilyRace(const Cluster& cluster, Exchange& exchange, OneTry& one);
  FamilyRace(const FamilyRace&) = delete;
  FamilyRace& operator=(const FamilyRace&) = delete;

  /// Leaves records of the room "pool" for each that was asked, and one of the room "family" when the sibling was.
  /// \errors  those of Pool::Acquire: of the sibling when both were asked
  Task<Result<Lease>> run();

 private:
  struct Lane {
    Pool* pool = nullptr;
    std::string_view endpoint;  // in the exchange's arena: the pool may be gone before anybody reads it
    std::uint64_t pool_id = 0;
    bool fresh_only = false;
    Observation watched{};
    Time began{};
    Pool::Acquire* acquire = nullptr;  // while it runs
    Cancellation* region = nullptr;    // while it runs
    std::optional<Result<Lease>> outcome{};
    std::optional<PoolFacts> withdrawn{};
  };

  Task<void> run_first();
  Task<void> run_second();
  Task<void> wait_for_turn();
  Task<void> run_lane(Lane& lane);
  Task<void> acquire(Lane& lane);
  void withdraw_first();
  void begin_second(const SiblingVerdict& verdict, const SiblingFacts& facts);
  void lane_over(Lane& lane);
  Result<Lease> settle(Lane& lane);
  [[nodiscard]] SiblingFacts facts(bool delay_over) const;

  const Cluster& cluster_;
  ClusterState& state_;
  Exchange& exchange_;
  OneTry& one_;
  Scope scope_;
  Lane first_;
  Lane second_;
  Lane* winner_ = nullptr;
  PoolAction first_does_ = PoolAction::open;
  Cancellation* waiting_ = nullptr;  // of the sibling's lane, before its turn has come
};

}  // namespace weir
