// The loop behind sim_world.h.
#include "runtime/sim_world.h"

#include <algorithm>

#include "base/invariant.h"

namespace weir {
namespace {

// A world that takes this many rounds without time passing is in a busy loop.
constexpr unsigned rounds_per_moment_max = 1'000'000;

}  // namespace

bool SimWorld::turn_all() {
  network_.run_due();
  bool ran = false;
  const std::size_t count = reactors_.size();
  const std::size_t first = count == 0 ? 0 : network_.random().below(count);
  for (std::size_t step = 0; step < count && step < reactors_.size(); ++step) {
    Reactor& reactor = *reactors_[(first + step) % reactors_.size()];
    ran |= reactor.turn(network_.now());
    ran |= reactor.next_due() <= network_.now();
  }
  return ran || network_.next_event() <= network_.now();
}

void SimWorld::settle() {
  unsigned rounds = 0;
  while (turn_all()) invariant(++rounds < rounds_per_moment_max, "a moment of virtual time ends");
}

Time SimWorld::next_moment() const {
  Time next = network_.next_event();
  for (const Reactor* reactor : reactors_) next = std::min(next, reactor->next_due());
  return next;
}

bool SimWorld::step(Time limit) {
  settle();
  const Time next = next_moment();
  if (next == never || next > limit) {
    if (limit != never) network_.advance_to(std::max(limit, network_.now()));
    return false;
  }
  network_.advance_to(std::max(next, network_.now()));
  settle();
  return true;
}

bool SimWorld::run_until(const std::function<bool()>& done, Duration patience) {
  const Time limit = network_.now() + patience;
  settle();
  while (!done()) {
    if (!step(limit)) return done();
  }
  return true;
}

void SimWorld::run_for(Duration duration) {
  const Time limit = network_.now() + duration;
  while (step(limit)) {
  }
  settle();
}

}  // namespace weir
