// How a certificate that an authority issues stands, as operators are shown it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/acme/schedule.h"

namespace weir::acme {

/// How a certificate stands, for people.
struct CertificateStatus {
  WallTime as_of{};  ///< when it stood so
  std::vector<std::string> names;
  std::string authority;
  bool issued = false;        ///< otherwise clients are shown the stand-in
  bool others_shown = false;  ///< before it, for the names that they have
  Lifetime lifetime;          ///< of the issued one
  std::string issuer;
  std::optional<WallTime> renewal;   ///< when the next is asked for
  std::optional<WallTime> next_try;  ///< after a trouble
  bool being_issued = false;
  unsigned failures = 0;                        ///< in a row
  std::string trouble;                          ///< the last one; empty since there is a newer certificate
  Trouble::Kind kind = Trouble::Kind::refused;  ///< of the trouble
  std::optional<WallTime> trouble_at;
};

}  // namespace weir::acme
