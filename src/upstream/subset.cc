// The circle on which gateways and endpoints stand, and a hand of it.
#include "upstream/subset.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "upstream/picking/hash.h"

namespace weir {
namespace {

/// The bits of the number from behind, as a binary fraction of 2^32.
std::uint32_t van_der_corput(std::uint32_t number) {
  std::uint32_t fraction = 0;
  for (int bit = 0; bit < 32; ++bit, number >>= 1) fraction = (fraction << 1) | (number & 1);
  return fraction;
}

/// Places of the names in the order of the circle, the same on every gateway.
std::vector<std::uint32_t> circle_of(std::span<const std::string_view> names) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> hashed;
  hashed.reserve(names.size());
  for (std::uint32_t at = 0; at < names.size(); ++at) hashed.emplace_back(hash_of(names[at]), at);
  std::ranges::sort(hashed, [&](const auto& left, const auto& right) {
    return left.first != right.first ? left.first < right.first : names[left.second] < names[right.second];
  });
  std::vector<std::uint32_t> order;
  order.reserve(names.size());
  for (const auto& [hash, at] : hashed) order.push_back(at);
  return order;
}

}  // namespace

std::vector<std::uint32_t> subset_of(std::span<const std::string_view> names, const SubsetRule& rule) {
  std::vector<std::uint32_t> mine;
  if (rule.size == 0 || names.size() <= rule.size) {
    mine.resize(names.size());
    std::iota(mine.begin(), mine.end(), 0U);
    return mine;
  }
  const std::vector<std::uint32_t> circle = circle_of(names);
  const std::size_t first = (std::uint64_t{van_der_corput(rule.gateway)} * circle.size()) >> 32;
  mine.reserve(rule.size);
  for (std::size_t step = 0; step < rule.size; ++step) mine.push_back(circle[(first + step) % circle.size()]);
  std::ranges::sort(mine);
  return mine;
}

std::vector<bool> chosen_addresses(std::span<const RankedAddress> addresses, const SubsetRule& rule) {
  std::vector<bool> chosen;
  if (rule.size == 0) return chosen;
  std::map<unsigned, std::vector<std::size_t>> by_priority;
  for (std::size_t at = 0; at < addresses.size(); ++at) by_priority[addresses[at].priority].push_back(at);
  chosen.resize(addresses.size());
  for (const auto& [priority, members] : by_priority) {
    std::vector<std::string_view> of_priority;
    for (const std::size_t at : members) of_priority.push_back(addresses[at].name);
    for (const std::uint32_t mine : subset_of(of_priority, rule)) chosen[members[mine]] = true;
  }
  return chosen;
}

}  // namespace weir
