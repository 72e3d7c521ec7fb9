// When a certificate is renewed, and when something that failed is tried again. Pure.
//
// Idea: a certificate is renewed when two thirds of its life are over, a little later for some than for others so that
// ten thousand of them do not ask in the same minute; an authority that says when it would like it (RFC 9773) is
// followed. What failed is tried again after a time that doubles: soon where the authority could not be reached, since
// that costs it nothing; late where it refused, since it counts refusals (Let's Encrypt: five an hour for a name).
// Clocks are wrong at times, ours or the authority's: what is new rests for a while, however due it seems.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/acme/messages.h"
#include "base/units.h"

namespace weir::acme {

/// What went wrong with an authority.
struct Trouble {
  enum class Kind : std::uint8_t {
    unreachable,  ///< no answer, or one that says that the authority itself has failed
    limited,      ///< it has had enough of us for now
    refused,      ///< it does not do it
    here,         ///< this machine lacks something: a disk, a key
    elsewhere,    ///< none at all: another process that shares the state is at it
  };
  Kind kind = Kind::refused;
  std::string what;                       ///< for people
  std::string type{};                     ///< as the authority calls it (RFC 8555 section 6.7); empty: it did not
  std::optional<Duration> retry_after{};  ///< as it said itself
};

struct Lifetime {
  WallTime from{};
  WallTime until{};
  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

/// \param window  what the authority wants; nothing: it does not say
/// \param draw    any number, the same each time for the same certificate
WallTime renewal_time(const Lifetime& lifetime, const std::optional<RenewalWindow>& window, std::uint64_t draw);

/// How long nobody is asked for a newer one after this one was had.
Duration rest_after(const Lifetime& lifetime);

/// How long until the next try. \param failures  in a row, this one included \param draw  any number
Duration wait_after(const Trouble& trouble, unsigned failures, std::uint64_t draw);

/// When an authority is first asked when it would like a certificate to be renewed: some time within an hour, so that
/// a restart with ten thousand of them does not ask ten thousand times at once. \param draw  any number
Duration first_advice_in(std::uint64_t draw);

/// How long what an authority said of renewals holds. \param said  its Retry-After
Duration renewal_info_holds(std::optional<Duration> said);

}  // namespace weir::acme
