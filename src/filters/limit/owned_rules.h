// The rules of one filter that owners decide about (fleet/owning.h): asked one after the other, within one time.
//
// Idea: what is known here (this machine is the owner; the owner has refused lately) was seen by Rule::look(). The
// others are asked, and the first refusal ends it: what owners charged before it is given back, and nobody waits for
// that.
#pragma once

#include <memory>
#include <span>

#include "contracts/exchange.h"
#include "filters/limit/rule.h"

namespace weir::limit {

/// What is remembered about a request before a rule that an owner decides about. Lives in the exchange's arena.
struct OwnedJudged {
  fleet::OwnedFacts facts;
  fleet::OwnedVerdict decided;
  bool pending = false;  ///< the owner has to be asked
  bool charged = false;  ///< by the owner

  /// Another rule refused before this one was asked.
  [[nodiscard]] bool skipped() const { return pending; }
};

/// Decides about rules whose owners have to be asked: their verdicts are replaced.
/// \errors  only the exchange's own cancellation
Task<Result<void>> ask_owners(Exchange& exchange, std::span<const std::unique_ptr<const Rule>> rules,
                              std::span<Judged> judged);
/// Another rule refused after all: what owners charged is given back. Nobody waits for it.
void give_back_owned(std::span<const std::unique_ptr<const Rule>> rules, std::span<const Judged> judged);

/// What is known here of a key that another machine owns. \pre the rule has an owned_part()
OwnedJudged* look_at_owned(fleet::OwnedPart& part, Judged& judged, Arena& arena, unsigned core, Time now);
/// Where no owner has decided: this machine's share is charged.
void charge_share(fleet::OwnedPart& part, Judged& judged);
/// Counts by whom a rule's request was decided.
void count_owned(fleet::OwnedPart& part, const Judged& judged, unsigned core);

}  // namespace weir::limit
