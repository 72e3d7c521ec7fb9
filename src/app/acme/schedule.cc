// The numbers of schedule.h.
#include "app/acme/schedule.h"

#include <algorithm>

namespace weir::acme {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Where waiting begins and ends.
struct Wait {
  Duration first;
  Duration last;
};

constexpr Wait wait_of(Trouble::Kind kind) {
  switch (kind) {
    case Trouble::Kind::unreachable:
      return {.first = seconds{5}, .last = minutes{10}};
    case Trouble::Kind::here:
      return {.first = seconds{10}, .last = minutes{10}};
    case Trouble::Kind::limited:
      return {.first = minutes{5}, .last = hours{24}};
    case Trouble::Kind::elsewhere:
      // Who holds the lock has a certificate soon, or gives up.
      return {.first = seconds{2}, .last = seconds{2}};
    case Trouble::Kind::refused:
      break;
  }
  return {.first = minutes{1}, .last = hours{6}};
}

/// Nobody waits longer because somebody says so than a day: by then a person may have changed what was wrong.
constexpr Duration retry_after_max = hours{24};

/// A part of `whole`, from none to nearly all of it.
Duration drawn(Duration whole, std::uint64_t draw) {
  constexpr std::uint64_t steps = 1U << 20U;
  return Duration{static_cast<std::int64_t>(static_cast<double>(whole.count()) * static_cast<double>(draw % steps) /
                                            static_cast<double>(steps))};
}

}  // namespace

WallTime renewal_time(const Lifetime& lifetime, const std::optional<RenewalWindow>& window, std::uint64_t draw) {
  const Duration life = std::max(lifetime.until - lifetime.from, Duration::zero());
  // Between 20/30 and 21/30 of its life; of 90 days, the 61st, 62nd or 63rd.
  const WallTime by_age = lifetime.from + life / 30 * 20 + drawn(life / 30, draw);
  if (!window) return by_age;
  // What it wants is followed, but neither so far that the certificate is over nor so soon that each new one is due
  // again (an authority may be wrong). Of 90 days that is the third: who has to revoke what it issued has five
  // (CA/Browser Forum, Baseline Requirements 4.9.1.1), and Let's Encrypt takes five orders a week for the same names.
  const WallTime earliest = lifetime.from + life / 30;
  const WallTime latest = lifetime.until - life / 30;
  return std::clamp(window->start + drawn(window->end - window->start, draw), earliest, latest);
}

Duration rest_after(const Lifetime& lifetime) {
  // A clock that is ahead makes each certificate due as soon as it is there.
  return std::clamp<Duration>((lifetime.until - lifetime.from) / 3, seconds{1}, hours{1});
}

Duration first_advice_in(std::uint64_t draw) {
  return drawn(hours{1}, draw);
}

Duration wait_after(const Trouble& trouble, unsigned failures, std::uint64_t draw) {
  const Wait wait = wait_of(trouble.kind);
  Duration base = wait.first;
  for (unsigned time = 1; time < failures && base < wait.last; ++time) base *= 2;
  base = std::min(base, wait.last);
  if (trouble.retry_after) base = std::max(base, std::min(*trouble.retry_after, retry_after_max));
  return base + drawn(base / 5, draw);
}

Duration renewal_info_holds(std::optional<Duration> said) {
  // RFC 9773 section 4.3.1 asks for six hours where nothing is said, and for bounds of one's own.
  // A date that is over by our clock says nothing.
  if (!said || *said <= Duration::zero()) return hours{6};
  return std::clamp<Duration>(*said, minutes{1}, hours{24});
}

}  // namespace weir::acme
