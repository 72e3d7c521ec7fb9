// Which of an upstream's endpoints this gateway talks to, where many gateways have many endpoints in common.
//
// Problem: 300 gateways before 2,000 servers make 600,000 connections, nearly all of them idle. Each gateway can do
// with a few servers, if every server is met by its fair share of the gateways, and if a server or a gateway that comes
// or goes moves few connections. The well-known way (deterministic subsetting, "Site Reliability Engineering", chapter
// 20) deals a shuffled list out in rounds: even, but one more server deals everything anew. Idea: a circle on which
// both stand ("Ringsteady", Ward, Wankadia and Guliani, "Reinventing Backend Subsetting at Google", ACM Queue 20/4,
// 2022). Gateways are numbered and stand at the points of a binary van der Corput sequence: 0, 1/2, 1/4, 3/4, 1/8 ...,
// so that any number of them is spread evenly and none moves when one more comes. Endpoints stand at equal distances,
// in the order of a hash of their names. A gateway takes the `size` endpoints behind its place.
//
// Invariants (subset_test.cc)
//   (1) Every gateway has exactly min(size, n) endpoints.
//   (2) An endpoint is met by m * size / n of m gateways, give or take 2 + 2/3 log2(m): the discrepancy of the
//   sequence. (3) One endpoint more or less changes at most two of each gateway's endpoints; one gateway more or less,
//   none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// `upstreams.NAME.subset`.
struct SubsetRule {
  std::uint32_t size = 0;     ///< endpoints for each gateway; 0: all
  std::uint32_t gateway = 0;  ///< number of this one, from 0
  friend bool operator==(const SubsetRule&, const SubsetRule&) = default;
};

/// The places in `names` of the endpoints that this gateway talks to, rising. All of them when there are no more than
/// `size`. Pure: the order of the names does not matter.
std::vector<std::uint32_t> subset_of(std::span<const std::string_view> names, const SubsetRule& rule);

/// An address of an upstream, and the priority that it is used with.
struct RankedAddress {
  std::string name;
  unsigned priority = 0;
};
/// Which of all addresses this gateway talks to, each priority's chosen for itself; empty: all of them. Pure.
std::vector<bool> chosen_addresses(std::span<const RankedAddress> addresses, const SubsetRule& rule);

}  // namespace weir
