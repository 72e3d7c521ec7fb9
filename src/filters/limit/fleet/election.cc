// Weights, and the heaviest.
#include "filters/limit/fleet/election.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/crypto.h"

namespace weir::limit::fleet {
namespace {

/// The finisher of SplitMix64 (Steele, Lea and Flood, 2014): each bit of the input moves half of the output's.
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

std::uint64_t mark_of(const std::string& name) {
  const crypto::Digest digest = crypto::sha256(name);
  std::uint64_t mark = 0;
  for (std::size_t at = 0; at < sizeof(mark); ++at) mark = mark << 8 | digest[at];
  return mark;
}

}  // namespace

Election::Election(std::span<const std::string> names) {
  for (const std::string& name : names) marks_.push_back(mark_of(name));
}

std::vector<MemberNumber> Election::order(std::uint64_t subject, std::size_t most) const {
  std::vector<MemberNumber> order(marks_.size());
  std::iota(order.begin(), order.end(), MemberNumber{0});
  const std::uint64_t mixed = mix(subject + 0x9E3779B97F4A7C15U);
  std::ranges::sort(order, [&](MemberNumber one, MemberNumber other) {
    return mix(mixed ^ marks_[one]) > mix(mixed ^ marks_[other]);
  });
  if (order.size() > most) order.resize(most);
  return order;
}

std::vector<MemberNumber> Election::heaviest(std::uint64_t subject, std::size_t most) const {
  std::vector<MemberNumber> order;
  order.reserve(most + 1);
  const std::uint64_t mixed = mix(subject + 0x9E3779B97F4A7C15U);
  const auto weight = [&](MemberNumber member) { return mix(mixed ^ marks_[member]); };
  for (std::size_t at = 0; at < marks_.size(); ++at) {
    const auto member = static_cast<MemberNumber>(at);
    const auto lighter = [&](MemberNumber other) { return weight(other) < weight(member); };
    const auto place = std::ranges::find_if(order, lighter);
    if (place == order.end() && order.size() == most) continue;
    order.insert(place, member);
    if (order.size() > most) order.pop_back();
  }
  return order;
}

MemberNumber Election::first(std::uint64_t subject) const {
  const std::uint64_t mixed = mix(subject + 0x9E3779B97F4A7C15U);
  MemberNumber heaviest = 0;
  for (std::size_t at = 1; at < marks_.size(); ++at) {
    if (mix(mixed ^ marks_[at]) > mix(mixed ^ marks_[heaviest])) heaviest = static_cast<MemberNumber>(at);
  }
  return heaviest;
}

}  // namespace weir::limit::fleet
