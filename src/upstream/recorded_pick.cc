// Turn and draw, then the endpoints as they are in memory.
#include "upstream/recorded_pick.h"

#include <array>
#include <cstring>

namespace weir {

std::string_view pack(const PickFacts& facts, Arena& arena) {
  if (facts.endpoints.size() > recorded_endpoints_max) return {};
  const std::array fixed{facts.turn, facts.draw};
  const std::size_t bytes = sizeof(fixed) + facts.endpoints.size_bytes();
  char* const begin = static_cast<char*>(arena.allocate(bytes, 1));
  std::memcpy(begin, fixed.data(), sizeof(fixed));
  if (!facts.endpoints.empty())
    std::memcpy(begin + sizeof(fixed), facts.endpoints.data(), facts.endpoints.size_bytes());
  return {begin, bytes};
}

std::optional<PickFacts> unpack_pick_facts(std::string_view bytes, std::vector<EndpointFacts>& endpoints) {
  std::array<std::uint64_t, 2> fixed{};
  if (bytes.size() < sizeof(fixed) || (bytes.size() - sizeof(fixed)) % sizeof(EndpointFacts) != 0) return {};
  std::memcpy(fixed.data(), bytes.data(), sizeof(fixed));
  bytes.remove_prefix(sizeof(fixed));
  endpoints.resize(bytes.size() / sizeof(EndpointFacts));
  if (!endpoints.empty()) std::memcpy(endpoints.data(), bytes.data(), bytes.size());
  return PickFacts{.endpoints = endpoints, .turn = fixed[0], .draw = fixed[1]};
}

}  // namespace weir
