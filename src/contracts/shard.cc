// What a shard keeps for plug-ins, and its cached date.
#include "contracts/shard.h"

#include "http/date.h"

namespace weir {

ShardState& Shard::keep_state(const StateKey& key, std::unique_ptr<ShardState> state) {
  if (key.number() >= states_by_number_.size()) states_by_number_.resize(key.number() + 1);
  states_by_number_[key.number()] = state.get();
  return *states_.emplace_back(std::move(state));
}

std::string_view Shard::date() {
  if (reactor.now() >= date_until_ || date_.empty()) {
    const WallTime wall = reactor.wall_now();
    date_ = view_of(format_date(wall));
    const auto into_second = wall.time_since_epoch() % std::chrono::seconds{1};
    date_until_ = reactor.now() + (std::chrono::seconds{1} - into_second);
  }
  return date_;
}

}  // namespace weir
