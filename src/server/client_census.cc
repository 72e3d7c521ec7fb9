// One entry for each client that holds a connection.
#include "server/client_census.h"

#include "base/invariant.h"

namespace weir {

bool ClientCensus::enter(const IpAddress& client, std::uint64_t most) {
  Part& part = part_of(client);
  const std::lock_guard lock(part.mutex);
  if (most == 0) return false;
  std::uint64_t& held = part.held[client];  // one that is made here is entered below
  if (held >= most) return false;
  ++held;
  return true;
}

void ClientCensus::leave(const IpAddress& client) {
  Part& part = part_of(client);
  const std::lock_guard lock(part.mutex);
  const auto found = part.held.find(client);
  invariant(found != part.held.end(), "who leaves has entered");
  if (--found->second == 0) part.held.erase(found);
}

std::uint64_t ClientCensus::held_by(const IpAddress& client) {
  Part& part = part_of(client);
  const std::lock_guard lock(part.mutex);
  const auto found = part.held.find(client);
  return found == part.held.end() ? 0 : found->second;
}

std::size_t ClientCensus::clients() {
  std::size_t sum = 0;
  for (Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    sum += part.held.size();
  }
  return sum;
}

}  // namespace weir
