// Entries to words of the table, and back.
#include "filters/limit/quota_book.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/text.h"

namespace weir::limit {
namespace {

constexpr std::string_view secret_name = "secret";
constexpr std::size_t secret_digits = 32;

std::string new_secret() {
  std::array<std::uint8_t, secret_digits / 2> bytes{};
  crypto::fill_random(bytes);
  return crypto::hexadecimal(bytes);
}

std::int64_t seconds_of(WallTime now) {
  return std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
}

}  // namespace

std::optional<KeptSpending> parse_spending(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return {};
  const auto begin = text::parse_decimal(text.substr(0, space));
  const auto spent = text::parse_decimal(text.substr(space + 1));
  // The table has 32 bits for each, minutes and counts.
  if (!begin || !spent || *begin / 60 > UINT32_MAX || *spent > UINT32_MAX) return {};
  return KeptSpending{.period_begin = static_cast<std::int64_t>(*begin), .spent = static_cast<std::uint32_t>(*spent)};
}

std::string text_of(const KeptSpending& spending) {
  return fmt::format("{} {}", spending.period_begin, spending.spent);
}

QuotaBook::QuotaBook(std::string under, Ledger& ledger, const Calendar& calendar)
    : under_(std::move(under)), ledger_(ledger), calendar_(calendar), secret_(new_secret()) {
  ledger.note_changes();
}

std::uint64_t QuotaBook::hash(std::string_view key) const {
  std::string keyed = secret_;
  keyed += key;
  const crypto::Digest digest = crypto::sha256(keyed);
  std::uint64_t hash = 0;
  for (std::size_t at = 0; at < sizeof(hash); ++at) hash = hash << 8U | digest[at];
  return LimitTable::usable(hash);
}

std::optional<std::uint64_t> QuotaBook::hash_of(std::string_view key) const {
  if (!key.starts_with(under_) || key.size() != under_.size() + 16) return {};
  std::uint64_t hash = 0;
  for (const char digit : key.substr(under_.size())) {
    const int value = text::hex_value(digit);
    if (value < 0) return {};
    hash = hash << 4U | static_cast<std::uint64_t>(value);
  }
  return hash;
}

void QuotaBook::restore(const std::vector<StoreEntry>& entries, WallTime now) {
  is_kept_.store(true, std::memory_order_relaxed);
  for (const StoreEntry& entry : entries) {
    if (entry.key != under_ + std::string(secret_name) || entry.value.size() != secret_digits) continue;
    secret_ = entry.value;
    secret_is_kept_ = true;
  }
  if (!secret_is_kept_) return;  // whose the other entries are, nobody knows
  for (const StoreEntry& entry : entries) {
    const auto hash = hash_of(entry.key);
    const auto spending = parse_spending(entry.value);
    if (!hash || !spending || is_over(entry, now)) continue;
    ledger_.restore(*hash, static_cast<std::uint64_t>(spending->period_begin / 60) << 32U | spending->spent,
                    Time{now.time_since_epoch()});
  }
}

std::vector<StoreWrite> QuotaBook::take_changes(std::size_t most) {
  is_kept_.store(true, std::memory_order_relaxed);
  std::vector<StoreWrite> writes;
  ledger_.take_changes(most, [&](std::uint64_t hash, std::uint64_t state) {
    const KeptSpending spending{.period_begin = static_cast<std::int64_t>(state >> 32U) * 60,
                                .spent = static_cast<std::uint32_t>(state)};
    writes.push_back({.key = fmt::format("{}{:016x}", under_, hash), .value = text_of(spending)});
  });
  if (!writes.empty() && !secret_is_kept_) {
    writes.insert(writes.begin(), {.key = under_ + std::string(secret_name), .value = secret_});
    secret_is_kept_ = true;
  }
  return writes;
}

void QuotaBook::not_written(const std::vector<StoreWrite>& writes, WallTime wall) {
  const Time now{wall.time_since_epoch()};
  for (const StoreWrite& write : writes) {
    if (write.key == under_ + std::string(secret_name)) {
      secret_is_kept_ = false;
    } else if (const auto hash = hash_of(write.key)) {
      ledger_.note_change(*hash, now);
    }
  }
}

bool QuotaBook::is_over(const StoreEntry& entry, WallTime now) const {
  if (!hash_of(entry.key)) return false;
  const auto spending = parse_spending(entry.value);
  return !spending || spending->period_begin < calendar_.at(seconds_of(now)).begin;
}

}  // namespace weir::limit
