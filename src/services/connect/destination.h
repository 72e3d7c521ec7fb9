// Where a tunnel may lead.
//
// Problem: whoever may open tunnels through a gateway stands where the gateway stands: inside. A list of names is not
// enough, since a name leads wherever its owner says, to 169.254.169.254 as well. Idea: two decisions. By name and
// port, before anybody is asked for an address; and by each address that the name has, of which only those that passed
// are connected to, so that nothing is looked up a second time.
//
// Invariants
//   (1) Both functions are pure.
//   (2) An address that is not globally reachable passes only where the configuration names it, with that port, or its
//       block.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/node.h"
#include "net/address.h"
#include "route/match.h"

namespace weir {

/// `*.example.com:443`, `10.0.0.5:5432`, `git.example.com:22-23`, `*:443`.
struct DestinationRule {
  HostPattern host;
  std::uint16_t port_first = 0;
  std::uint16_t port_last = 0;
  Place place;

  [[nodiscard]] bool allows(std::uint16_t port) const { return port >= port_first && port <= port_last; }
  [[nodiscard]] std::string text() const;
};

struct DestinationRules {
  std::vector<DestinationRule> allow;
  std::vector<Cidr> private_networks;  ///< in which names may have addresses
  Place place;                         ///< of the list as a whole
};

struct DestinationVerdict {
  bool allowed = false;
  std::string_view reason;  ///< static: allowed, not_in_allow_list, port_not_allowed; public, private_allowed, private
  Place place;
};

/// \param host  lower case, without brackets
DestinationVerdict decide_destination(const DestinationRules& rules, std::string_view host, std::uint16_t port);

/// \param host, port  what the tunnel was asked for: an address that the list names with that port is allowed whatever
///                    it is
DestinationVerdict decide_address(const DestinationRules& rules, std::string_view host, std::uint16_t port,
                                  const IpAddress& address);

/// Whether it means the same host everywhere (RFC 6890, and the registries of IANA that it has made).
bool is_globally_reachable(const IpAddress& address);

}  // namespace weir
