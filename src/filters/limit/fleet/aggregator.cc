// Hear, settle, tell, forget.
#include "filters/limit/fleet/aggregator.h"

#include <algorithm>

namespace weir::limit::fleet {
namespace {

constexpr Duration forget_after = std::chrono::seconds{10};
/// After a pause of the process no more time than this is given at once; the burst bounds it anyway.
constexpr Duration elapsed_max = std::chrono::seconds{10};

RatioEntry ratio_entry(Fingerprint key, RuleTag rule, const Allowance& allowance, const Account& account) {
  return {.key = key,
          .rule = rule,
          .ratio = ratio_parts(ratio_of(allowance, account)),
          .offered_by_all = count_parts(account.offered_per_second)};
}

/// Those that restrain most come first, then those with most traffic: a flood of light keys keeps nobody from hearing
/// of a heavy one. In the order of their keys where they are alike, so that two runs say the same.
Ratios heaviest(Ratios ratios) {
  std::ranges::sort(ratios.entries, [](const RatioEntry& one, const RatioEntry& other) {
    if (one.ratio != other.ratio) return one.ratio < other.ratio;
    return one.offered_by_all != other.offered_by_all ? one.offered_by_all > other.offered_by_all : one.key < other.key;
  });
  if (ratios.entries.size() > entries_max) ratios.entries.resize(entries_max);
  return ratios;
}

}  // namespace

bool Aggregator::hear(MemberNumber from, const Report& report, Time now) {
  if (report.voters > 0 && voters_.count(now) == 0) serves_since_ = now;
  voters_.hear(from, report.voters, now);
  bool surprise = false;
  for (const ReportEntry& entry : report.entries) {
    Entry* const account = find_or_make(entry, now);
    if (account == nullptr) continue;
    account->heard.offered += entry.offered;
    account->heard.admitted += entry.admitted;
    if (entry.offered > 0) account->used = now;
    surprise = surprise || is_surprise(account->account, account->heard);
  }
  return surprise && now - std::max(settled_, previewed_) >= breath;
}

Aggregator::Entry* Aggregator::find_or_make(const ReportEntry& report, Time now) {
  const auto found = accounts_.find(report.key);
  if (found != accounts_.end()) {
    found->second.allowance = report.allowance;
    return &found->second;
  }
  if (accounts_.size() >= accounts_max) return nullptr;
  const bool just_taken_over = now - serves_since_ < settling;
  Entry made{.account = {.balance = just_taken_over ? 0 : report.allowance.burst,
                         .offered_per_second = static_cast<double>(report.offered_by_all)},
             .allowance = report.allowance,
             .rule = report.rule,
             .heard = {},
             .used = now};
  return &accounts_.emplace(report.key, made).first->second;
}

Ratios Aggregator::settle(std::uint8_t slot, Time now) {
  const Duration since = elapsed(now);
  settled_ = now;
  std::erase_if(accounts_, [&](const auto& each) {
    const Entry& entry = each.second;
    return now - entry.used > forget_after && entry.account.balance >= entry.allowance.burst;
  });
  Ratios ratios{.slot = slot, .voters = voters_.count(now), .entries = {}};
  const bool believed = voters_.are_majority(ratios.voters);
  for (auto& [key, entry] : accounts_) {
    entry.heard.elapsed = since;
    entry.account = settle_account(entry.allowance, entry.account, entry.heard);
    if (!believed) entry.account.balance = std::min(entry.account.balance, 0.0);
    entry.heard = {};
    ratios.entries.push_back(ratio_entry(key, entry.rule, entry.allowance, entry.account));
  }
  return heaviest(std::move(ratios));
}

Ratios Aggregator::preview(std::uint8_t slot, Time now) {
  previewed_ = now;
  Ratios ratios{.slot = slot, .voters = voters_.count(now), .entries = {}};
  for (auto& [key, entry] : accounts_) {
    entry.heard.elapsed = elapsed(now);
    const Account account = preview_account(entry.allowance, entry.account, entry.heard);
    ratios.entries.push_back(ratio_entry(key, entry.rule, entry.allowance, account));
  }
  return heaviest(std::move(ratios));
}

Duration Aggregator::elapsed(Time now) const {
  return settled_ == Time{} ? Duration{} : std::min(now - settled_, elapsed_max);
}

const Account* Aggregator::account(Fingerprint key) const {
  const auto found = accounts_.find(key);
  return found == accounts_.end() ? nullptr : &found->second.account;
}

}  // namespace weir::limit::fleet
