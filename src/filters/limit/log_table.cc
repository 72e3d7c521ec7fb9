// Each log is a word that says whose it is, and the words of sliding_log.h.
#include "filters/limit/log_table.h"

#include <algorithm>

#include "base/invariant.h"
#include "filters/limit/table.h"

namespace weir {

LogTable::LogTable(const Budget& budget, std::uint64_t keys)
    : budget_(budget),
      words_(1 + SlidingLog::words(budget)),
      sets_(std::max<std::size_t>(1, (keys + logs_per_set - 1) / logs_per_set)),
      memory_(static_cast<std::uint64_t*>(std::calloc(sets_ * logs_per_set * words_, sizeof(std::uint64_t)))) {
  invariant(memory_ != nullptr, "the memory of a limit's logs can be reserved");
  lost_.resize(sets_);
}

SlidingLog LogTable::of(std::uint64_t hash, Time now) {
  hash = LimitTable::usable(hash);
  const auto set = static_cast<std::size_t>((static_cast<unsigned __int128>(hash) * sets_) >> 64);
  std::uint64_t* const first = memory_.get() + set * logs_per_set * words_;
  std::uint64_t* lightest = first;
  std::uint64_t least = ~std::uint64_t{0};
  for (std::size_t at = 0; at < logs_per_set; ++at) {
    std::uint64_t* const words = first + at * words_;
    SlidingLog log = log_at(words);
    if (*words == hash) {
      log.notice_clock(now);
      return log;
    }
    const std::uint64_t spent = log.spent(now);
    if (spent >= least) continue;
    least = spent;
    lightest = words;
  }
  *lightest = hash;
  SlidingLog log = log_at(lightest);
  log.notice_clock(now);
  hand_over(log, least, lost_[set], now);
  return log;
}

void LogTable::hand_over(SlidingLog& log, std::uint64_t spent, Lost& lost, Time now) const {
  lost.until = std::min(lost.until, now + budget_.window + clock_slack);  // the clock went back
  const std::uint64_t counts = lost.until > now ? lost.spent : 0;
  if (counts > 0) {  // so many of its moments are now: as many as were there, or more
    log.take_back(std::min(spent, counts));
    log.spend(now, counts);
  }
  if (spent > 0) lost = {.spent = std::max(counts, spent), .until = now + budget_.window};
}

}  // namespace weir
