// Who belongs to the fleet, and what proves it: `fleet:` of the configuration, as plug-ins and the process see it.
#pragma once

#include <string>
#include <vector>

#include "base/units.h"
#include "net/address.h"

namespace weir {

struct FleetMember {
  std::string name;
  Endpoint address;  ///< a literal: names are not looked up fifty times a second
  friend bool operator==(const FleetMember&, const FleetMember&) = default;
};

struct FleetSettings {
  std::string name;
  std::string self;
  std::vector<FleetMember> members;                 ///< by name, this one included; empty: there is no fleet
  std::vector<std::string> keys;                    ///< the first seals, all open
  Duration keep = std::chrono::seconds{2};          ///< how long the last ratio holds when nobody says a new one
  Duration budget = std::chrono::milliseconds{10};  ///< how long a request waits for the owner of its key
  friend bool operator==(const FleetSettings&, const FleetSettings&) = default;

  [[nodiscard]] bool configured() const { return !members.empty(); }
};

}  // namespace weir
