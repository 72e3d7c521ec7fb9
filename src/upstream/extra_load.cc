// Turning the ring of seconds.
#include "upstream/extra_load.h"

#include <algorithm>

namespace weir {
namespace {

constexpr Duration slot_length = std::chrono::seconds{1};

}  // namespace

void ExtraLoad::count_extra(Kind kind, Time now) {
  if (now >= slot_ends_) turn(now);
  ++slot_->extra[static_cast<std::size_t>(kind)];
  ++totals_.extra[static_cast<std::size_t>(kind)];
}

BudgetFacts ExtraLoad::facts(Kind kind, const BudgetSettings& settings, unsigned cores, Time now) {
  if (now >= slot_ends_) turn(now);
  // Rounded up: a core that may do nothing would make a small budget none.
  const std::uint64_t always = std::uint64_t{settings.per_second_min} * window_seconds;
  return {.requests = totals_.requests,
          .extra = totals_.extra[static_cast<std::size_t>(kind)],
          .always = static_cast<std::uint32_t>((always + cores - 1) / cores),
          .per_million = settings.share.per_million};
}

/// Goes on to the slot of `now`; the seconds in between were silent.
void ExtraLoad::turn(Time now) {
  const auto passed = static_cast<std::uint64_t>((now - slot_ends_) / slot_length) + 1;
  for (std::uint64_t step = 0; step < std::min<std::uint64_t>(passed, window_seconds); ++step) {
    slot_ = slot_ + 1 == slots_.data() + slots_.size() ? slots_.data() : slot_ + 1;
    forget(*slot_);
  }
  slot_ends_ += static_cast<Duration::rep>(passed) * slot_length;
}

void ExtraLoad::forget(Counts& slot) {
  totals_.requests -= slot.requests;
  for (std::size_t kind = 0; kind < slot.extra.size(); ++kind) totals_.extra[kind] -= slot.extra[kind];
  slot = {};
}

}  // namespace weir
