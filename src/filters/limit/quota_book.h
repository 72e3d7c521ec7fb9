// What of a quota's counters outlives the process, and how it is written down.
//
// Problem: a quota of a month that a restart forgets is none; and the table of its keys knows hashes only.
// Idea: each key is an entry of its own in the store: its hash, when its period began, what was spent. The hash is
// keyed by a secret that is kept beside, so that it means the same in the next life and tells nobody what the key was.
// Entries of periods that are over are of no use.
//
//   limit/monthly/3f2a1b4c5d6e7f80/secret             32 hexadecimal digits
//   limit/monthly/3f2a1b4c5d6e7f80/00c0ffee12345678   "1764547200 37": the second at which the period began, spent
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "contracts/kept_state.h"
#include "filters/limit/calendar.h"
#include "filters/limit/ledger.h"

namespace weir::limit {

class QuotaBook {
 public:
  /// \param under  begins the names of its entries
  QuotaBook(std::string under, Ledger& ledger, const Calendar& calendar);

  [[nodiscard]] const std::string& under() const { return under_; }
  /// The hash of a key, the same in every life of the process.
  [[nodiscard]] std::uint64_t hash(std::string_view key) const;

  void restore(const std::vector<StoreEntry>& entries, WallTime now);
  std::vector<StoreWrite> take_changes(std::size_t most);
  void not_written(const std::vector<StoreWrite>& writes, WallTime wall);
  [[nodiscard]] bool is_over(const StoreEntry& entry, WallTime now) const;
  /// Whether somebody has asked for what is to be written down. From any thread.
  [[nodiscard]] bool is_kept() const { return is_kept_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::optional<std::uint64_t> hash_of(std::string_view key) const;

  std::string under_;
  Ledger& ledger_;
  const Calendar& calendar_;
  std::string secret_;
  bool secret_is_kept_ = false;
  std::atomic<bool> is_kept_ = false;
};

/// What an entry says of a key.
struct KeptSpending {
  std::int64_t period_begin = 0;
  std::uint32_t spent = 0;
  friend bool operator==(const KeptSpending&, const KeptSpending&) = default;
};
std::optional<KeptSpending> parse_spending(std::string_view text);
std::string text_of(const KeptSpending& spending);

}  // namespace weir::limit
