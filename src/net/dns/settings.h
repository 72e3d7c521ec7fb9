// How names are resolved on this machine: /etc/resolv.conf and /etc/hosts, as values.
//
// Idea: both files are parsed by pure functions, as resolv.conf(5) and hosts(5) describe them; what a line says that is
// not understood is passed over, as every resolver does. Which names are to be asked about for a short one is a pure
// function, too.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "base/units.h"
#include "net/address.h"

namespace weir::dns {

struct Settings {
  std::vector<SocketAddress> servers;          ///< in the order in which they are asked
  std::vector<std::string> search;             ///< canonical names of domains
  unsigned dots_min = 1;                       ///< a name with so many is first asked about as it is
  Duration timeout = std::chrono::seconds{2};  ///< of one question to one server
  unsigned attempts = 2;                       ///< rounds through all servers
  /// Which kinds of addresses the machine could connect to. When both are false nothing is known: ask for both.
  bool has_v4 = false;
  bool has_v6 = false;
  std::unordered_map<std::string, std::vector<IpAddress>> hosts;  ///< by canonical name
};

/// What a resolv.conf says, added to `settings`. Without a server in it: 127.0.0.1, as resolv.conf(5) has it.
void read_resolver_file(std::string_view text, Settings& settings);
void read_hosts_file(std::string_view text, Settings& settings);

/// The names to ask about for what a person wrote, in order: `text` ends in a dot, or has dots enough, or is looked for
/// in the domains of the search list. Empty when it is no name.
std::vector<std::string> candidates_for(std::string_view text, const Settings& settings);

/// The addresses that need no server: of the hosts file, and of localhost (RFC 6761 section 6.3). Null: ask.
const std::vector<IpAddress>* local_addresses(std::string_view name, const Settings& settings);

}  // namespace weir::dns
