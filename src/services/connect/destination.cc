// Names, ports, and the blocks of addresses that are not for everybody.
#include "services/connect/destination.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir {
namespace {

std::vector<Cidr> blocks_of(std::initializer_list<std::string_view> texts) {
  std::vector<Cidr> blocks;
  for (const std::string_view text : texts) blocks.push_back(*Cidr::parse(text));
  return blocks;
}

const std::vector<Cidr>& special_v4() {
  static const std::vector<Cidr> blocks =
      blocks_of({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                 "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
                 "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"});
  return blocks;
}

/// Of what is given out at all (2000::/3); 2002::/16 holds an IPv4 address, which may be any.
const std::vector<Cidr>& special_v6() {
  static const std::vector<Cidr> blocks = blocks_of({"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"});
  return blocks;
}

const Cidr& given_out_v6() {
  static const Cidr block = *Cidr::parse("2000::/3");
  return block;
}

}  // namespace

std::string DestinationRule::text() const {
  const bool brackets = host.name.contains(':');
  std::string text =
      brackets ? fmt::format("[{}]:{}", host.name, port_first) : fmt::format("{}:{}", host.text(), port_first);
  if (port_last != port_first) text += fmt::format("-{}", port_last);
  return text;
}

bool is_globally_reachable(const IpAddress& address) {
  if (address.is_v4()) return !contains(special_v4(), address);
  return given_out_v6().contains(address) && !contains(special_v6(), address);
}

DestinationVerdict decide_destination(const DestinationRules& rules, std::string_view host, std::uint16_t port) {
  bool named = false;
  for (const DestinationRule& rule : rules.allow) {
    if (!rule.host.matches(host)) continue;
    if (rule.allows(port)) return {true, "allowed", rule.place};
    named = true;
  }
  return {false, named ? "port_not_allowed" : "not_in_allow_list", rules.place};
}

DestinationVerdict decide_address(const DestinationRules& rules, std::string_view host, std::uint16_t port,
                                  const IpAddress& address) {
  if (is_globally_reachable(address)) return {true, "public", {}};
  if (contains(rules.private_networks, address)) return {true, "private_allowed", rules.place};
  for (const DestinationRule& rule : rules.allow) {
    const bool named = rule.host.kind == HostPattern::Kind::exact && rule.host.name == host;
    if (named && rule.allows(port) && IpAddress::parse(host)) return {true, "private_allowed", rule.place};
  }
  return {false, "private", rules.place};
}

}  // namespace weir
