// Drives many reactors through one virtual time.
//
// Idea: run every reactor until nothing is left to do at this moment, then jump to the next event or timer. Which
// reactor goes first is drawn from the seed: no order between cores may matter.
#pragma once

#include <functional>
#include <vector>

#include "runtime/reactor.h"
#include "runtime/sim_network.h"

namespace weir {

class SimWorld {
 public:
  explicit SimWorld(SimNetwork& network) : network_(network) {}

  /// `reactor` runs on a SimIo of this network.
  void add(Reactor& reactor) { reactors_.push_back(&reactor); }
  void remove(Reactor& reactor) { std::erase(reactors_, &reactor); }

  /// Runs everything that can run now, without time passing.
  void settle();
  /// Settles, then jumps to the next event or timer and settles again.
  /// \returns false when there is none until `limit`: the clock then stands at the limit, or still when that is `never`
  bool step(Time limit = never);
  /// Steps until `done()`. \returns whether it came true before `patience` of virtual time was over
  bool run_until(const std::function<bool()>& done, Duration patience = std::chrono::hours{1});
  void run_for(Duration duration);

 private:
  bool turn_all();
  [[nodiscard]] Time next_moment() const;

  SimNetwork& network_;
  std::vector<Reactor*> reactors_;
};

}  // namespace weir
