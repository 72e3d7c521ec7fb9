// Says which class a request belongs to: who goes first, and who is let go first, when not all can be served
// (contracts/priority.h). It changes nothing else; `concurrency` behind it, and those of upstreams, respect it.
//
//   - priority: high
//   - priority: { by: { header: x-plan }, classes: { paid: high, free: low } }
//   - priority: { by: { header: x-priority } }   # whose value is low, normal, high or critical
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contracts/plugin.h"
#include "contracts/priority.h"
#include "contracts/selector.h"

namespace weir {

struct PriorityOptions {
  Priority otherwise = Priority::normal;
  std::optional<Selector> by;
  std::vector<std::pair<std::string, Priority>> classes;
  Place place;
  static const Schema<PriorityOptions>& schema();
};

/// The value of a request, as far as it decides; it may be a credential, so what is kept is where it stands.
struct PriorityFacts {
  std::int32_t named = -1;  ///< its place among `classes`; -1: it has none
  bool there = false;       ///< the request has the value
};
PriorityFacts priority_facts(const PriorityOptions& options, std::string_view value);

struct PriorityVerdict {
  Priority priority = Priority::normal;
  std::string_view reason;  ///< static
};
/// Pure.
PriorityVerdict decide_priority(const PriorityOptions& options, const PriorityFacts& facts);

class PriorityFilter final : public Filter {
 public:
  explicit PriorityFilter(PriorityOptions options) : options_(std::move(options)) {}

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

  [[nodiscard]] const PriorityOptions& options() const { return options_; }

 private:
  [[nodiscard]] PriorityFacts facts_of(const SelectorFacts& facts, Arena& arena) const;

  PriorityOptions options_;
};

template <>
struct OptionType<Priority> {
  static std::string name() { return "low, normal, high or critical"; }
  static bool read(const Node& node, const Reading& at, Priority& out);
  static std::string shown(Priority value) { return std::string(name_of(value)); }
};

const FilterKind& priority_filter();

}  // namespace weir
