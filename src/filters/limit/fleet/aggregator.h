// The accounts of one slot's keys, at the member that keeps them for all.
//
// Idea: reports come in as they come; once each interval the accounts are settled and everybody is told the same
// ratios. An account that nobody has used for ten seconds and that is as new is forgotten.
//
// Invariants
//   (1) At most `accounts_max` accounts; a key that finds no room is not answered, and its members go on alone.
//   (2) An aggregator that has just taken over begins accounts with nothing to give, and with the traffic that members
//       last knew of: what is lost with its predecessor is a debt, never a second burst.
//   (3) Nor does one save up while no majority believes it: what its accounts would hold is given out by shares.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "filters/limit/fleet/election.h"
#include "filters/limit/fleet/message.h"
#include "filters/limit/fleet/voters.h"

namespace weir::limit::fleet {

class Aggregator {
 public:
  static constexpr std::size_t accounts_max = limits::fleet_accounts;
  /// For so long after its first vote it is one that has just taken over.
  static constexpr Duration settling = std::chrono::seconds{1};
  /// Previews come at most this often.
  static constexpr Duration breath = std::chrono::milliseconds{4};

  explicit Aggregator(std::size_t members) : voters_(members) {}

  /// \returns  whether this was a surprise that members should hear of at once
  bool hear(MemberNumber from, const Report& report, Time now);
  /// Settles all accounts. \returns  the ratios, the smallest first
  Ratios settle(std::uint8_t slot, Time now);
  /// What they would be if they were settled now, without doing it.
  Ratios preview(std::uint8_t slot, Time now);

  /// Who takes its word, and who waits for it.
  [[nodiscard]] Voters& voters() { return voters_; }
  [[nodiscard]] const Voters& voters() const { return voters_; }
  [[nodiscard]] std::size_t accounts() const { return accounts_.size(); }
  /// For tests: what is known of a key; null when nothing is.
  [[nodiscard]] const Account* account(Fingerprint key) const;

 private:
  struct Entry {
    Account account;
    Allowance allowance;
    RuleTag rule = 0;
    Heard heard;
    Time used{};
  };

  Entry* find_or_make(const ReportEntry& report, Time now);
  [[nodiscard]] Duration elapsed(Time now) const;

  std::unordered_map<Fingerprint, Entry> accounts_;
  Voters voters_;
  Time serves_since_{};
  Time settled_{};
  Time previewed_{};
};

}  // namespace weir::limit::fleet
