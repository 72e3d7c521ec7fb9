// The section `fleet:`: its schema, and what must hold between its options.
//
// Members are told apart by name and found by address; every machine has the same list, and `self` says which it is.
#include <fmt/format.h>

#include <algorithm>

#include "app/config/sections.h"
#include "http/characters.h"

namespace weir {
namespace {

constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t members_max = 1024;
/// 32 characters of hexadecimal are 128 bits; people who make up their own need the room.
constexpr std::size_t key_bytes_least = 32;
constexpr std::size_t keys_max = 8;

std::string complaint_about_name(const std::string& name) {
  const bool good = !name.empty() && name.size() <= name_bytes_max && characters::is_token(name);
  return good ? "" : "is no name; write letters, digits and -";
}

std::string complaint_about_keys(const std::vector<std::string>& keys) {
  if (keys.size() > keys_max) return fmt::format("has more than {} keys", keys_max);
  const bool good = std::ranges::all_of(keys, [](const std::string& key) { return key.size() >= key_bytes_least; });
  return good ? ""
              : fmt::format("has a key shorter than {} characters; make one with `openssl rand -hex 32`",
                            key_bytes_least);
}

const Schema<FleetMember>& member_schema() {
  static const auto schema =
      Schema<FleetMember>("member", "One machine of the fleet.")
          .option("name", &FleetMember::name,
                  {.doc = "By which the others know it.",
                   .example = "edge-1",
                   .required = true,
                   .complaint = &complaint_about_name})
          .option("address", &FleetMember::address,
                  {.doc = "Where it listens for the others: an address and a port, or a unix socket.",
                   .example = "10.0.0.1:7946",
                   .required = true});
  return schema;
}

bool check_member(const Node& node, const Reading& reading, const FleetMember& member) {
  if (socket_address(member.address)) return true;
  return reading.error(node,
                       fmt::format("{} is no address that can be used without looking it up", member.address.text()),
                       "write an IP address and a port");
}

bool read_members(const Node& node, const Reading& reading, FleetSettings& fleet) {
  if (!node.is_list()) return reading.error(node, "is no list", "write - { name: edge-1, address: 10.0.0.1:7946 }");
  bool good = true;
  for (std::size_t index = 0; const Node& item : node.items()) {
    const Reading at = reading.item(index++);
    FleetMember member;
    good = member_schema().read_into(item, at, member) && check_member(item, at, member) && good;
    const auto same = std::ranges::find(fleet.members, member.name, &FleetMember::name);
    if (same != fleet.members.end()) good = at.error(item, fmt::format("two members are called {}", member.name));
    fleet.members.push_back(std::move(member));
  }
  if (fleet.members.size() < 2) return reading.error(node, "a fleet has two members at least", "name the others");
  if (fleet.members.size() > members_max)
    return reading.error(node, fmt::format("a fleet has at most {} members", members_max));
  std::ranges::sort(fleet.members, {}, &FleetMember::name);
  return good;
}

bool check_fleet(const Node& node, const Reading& reading, FleetSettings& fleet) {
  if (fleet.keys.empty()) return reading.error(node, "a fleet without keys would believe anybody", "write keys: [...]");
  if (std::ranges::find(fleet.members, fleet.self, &FleetMember::name) != fleet.members.end()) return true;
  return reading.error(node, fmt::format("no member is called {}", fleet.self), "name this machine among the members");
}

}  // namespace

namespace config {

const Schema<FleetSettings>& fleet_schema() {
  static const auto schema =
      Schema<FleetSettings>("fleet", "The machines that hold limits of scope fleet together: docs/fleet-limits.md.")
          .option("name", &FleetSettings::name,
                  {.doc = "Of the fleet; members of another do not understand each other.",
                   .example = "edge",
                   .required = true,
                   .complaint = &complaint_about_name})
          .option("self", &FleetSettings::self,
                  {.doc = "Which member this machine is.",
                   .example = "edge-1",
                   .required = true,
                   .complaint = &complaint_about_name})
          .custom("members", "list of member", read_members,
                  {.doc = "All of them, this one included; the same list everywhere.",
                   .example = "[{ name: edge-1, address: 10.0.0.1:7946 }, { name: edge-2, address: 10.0.0.2:7946 }]",
                   .required = true},
                  &member_schema())
          .option("keys", &FleetSettings::keys,
                  {.doc = "Secrets of at least 32 characters that all members have. The first seals, all open: a new "
                          "one is added at the end everywhere, then put first, then the old one goes.",
                   .example = "[\"${env:FLEET_KEY}\"]",
                   .required = true,
                   .complaint = &complaint_about_keys})
          .option("keep", &FleetSettings::keep,
                  {.doc = "How long the last ratio holds when the others cannot be heard; then each machine gives out "
                          "its last share of the limit.",
                   .example = "2s",
                   .minimum = std::chrono::milliseconds{200},
                   .maximum = std::chrono::minutes{1}})
          .option("budget", &FleetSettings::budget,
                  {.doc = "How long a request waits for the machine that owns its key (small limits, `owner`); what is "
                          "later is decided by this machine's share of the limit.",
                   .example = "20ms",
                   .minimum = std::chrono::milliseconds{1},
                   .maximum = std::chrono::seconds{1}})
          .check(&check_fleet);
  return schema;
}

}  // namespace config
}  // namespace weir
