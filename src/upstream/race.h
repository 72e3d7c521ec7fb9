// One turn of the attempt loop with an eye on the clock: a limit for the try, and perhaps a second try beside it.
//
// Idea: two lanes, children of one scope that is joined before the turn is over, each under a cancellation region of
// its own. The first lane is the try the loop would have made; the second waits for the time that answers usually take,
// asks whether to send (upstream/hedge.h), and tries another endpoint. When a lane is over, a pure function says whose
// answer it is; the other lane is given up, which condemns its connection.
//
// A turn without a limit and without hedging is not made here: the loop does it itself, without a frame of its own.
//
// Invariants
//   (1) When run() has returned, no lane runs, and of two connections the loser's is condemned or back in its pool.
//   (2) What the exchange says of its upstream (endpoint, moments) is the winner's.
//   (3) The second lane never pulls the request's body: it sends what the first has pulled and kept.
#pragma once

#include "contracts/exchange.h"
#include "upstream/cluster_state.h"
#include "upstream/hedge.h"
#include "upstream/one_try.h"
#include "upstream/replay_body.h"

namespace weir {

class Race {
 public:
  /// \param first  the try the loop has decided on; what it came to is found there afterwards
  /// \param body   of the request; null: none
  /// \param may_hedge  the request may be repeated, and nothing about it cannot be had twice
  Race(const Cluster& cluster, ClusterState& state, Exchange& exchange, OneTry& first, ReplayBody* body,
       bool may_hedge);
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  /// \errors  those of try_once(); attempt_timeout, of the first try when both failed
  Reply run();

 private:
  struct Lane {
    std::optional<Result<Answer>> outcome;
    Cancellation* region = nullptr;  // while it runs
    std::string_view endpoint;
    Time began{};
  };

  Task<void> run_first();
  Task<void> run_second(Duration delay);
  Task<void> run_lane(Lane& lane, OneTry& work);
  bool send_second();
  void lane_over();
  void give_up(Lane& lane);
  void learn(const Lane& lane) const;
  void settle(const Lane& winner) const;
  [[nodiscard]] RaceFacts facts() const;
  [[nodiscard]] std::optional<Duration> hedge_delay() const;

  const Cluster& cluster_;
  ClusterState& state_;
  Exchange& exchange_;
  OneTry& first_try_;
  const std::uint64_t first_pool_id_;  // its pool may be gone before the try is over
  ReplayBody* body_;
  bool may_hedge_;
  std::optional<OneTry> second_try_;
  Lane first_;
  Lane second_;
};

}  // namespace weir
