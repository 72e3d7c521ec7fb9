// The shard's cached date.
#include "contracts/shard.h"

#include "http/date.h"

namespace weir {

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
