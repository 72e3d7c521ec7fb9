// The facts of a balancer's pick as bytes, so that it can be made again: what the request and the moment gave it, and
// what was known of every endpoint. The lists of who may be picked are made again from that.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "contracts/roster.h"

namespace weir {

/// \returns  bytes in the arena; empty when there are more endpoints than recorded_endpoints_max
std::string_view pack(const PickFacts& facts, const RosterRules& rules, Arena& arena);

class RecordedPick {
 public:
  /// \returns  nothing when the bytes are not what pack() made
  static std::optional<RecordedPick> read(std::string_view bytes);

  /// The pick, made again. \param table  of the balancer, for the same endpoints; null where it has none
  [[nodiscard]] std::optional<Pick> pick_again(const Balancer& balancer, const BalancerTable* table) const;
  /// Why it left the zone, decided again.
  [[nodiscard]] std::string_view spill_again(const Balancer& balancer, const BalancerTable* table) const;
  [[nodiscard]] std::span<const EndpointFacts> endpoints() const { return endpoints_; }
  /// As they were; its views are into this object.
  [[nodiscard]] PickFacts facts() const;

 private:
  PickFacts facts_;  // without its views
  RosterRules rules_;
  std::vector<std::uint32_t> tried_;
  std::vector<std::uint32_t> numbers_;
  std::vector<ProbeFacts> probes_;
  std::vector<EndpointFacts> endpoints_;
};

/// The report that a pick was made by, as it stood then.
struct HeardReport {
  std::uint32_t load = 0;  ///< with what was sent there since
  std::uint32_t latency_us = 0;
  Duration age{};
};

/// 12 bytes each, and 28 more where latencies or reports are known. Of larger upstreams a story keeps who was picked
/// and not from what.
inline constexpr std::size_t recorded_endpoints_max = 32;

}  // namespace weir
