// The account, the ratio, the credit.
#include "filters/limit/fleet/ratio.h"

#include <algorithm>
#include <cmath>

namespace weir::limit::fleet {
namespace {

/// How fast the account is brought back to its middle. Shorter, and the noise of each report moves the ratio; longer,
/// and a debt is paid back over more than a second. B10 (`./dev bench limits`) holds between 60 and 200 ms.
constexpr double pay_back_seconds = 0.1;
/// How much of the estimate the last report is: four reports at 20 ms, against the noise of counting.
constexpr double newest_weight = 0.3;
/// What chance does not explain is believed at once: more than five standard deviations of what is counted in one
/// report, and five requests more for keys that count next to nothing.
constexpr double surprise_deviations = 5;
constexpr double surprise_requests = 5;

double seconds_of(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}

bool exceeds(double offered, double expected) {
  return offered - expected > surprise_deviations * std::sqrt(expected) + surprise_requests;
}

double estimate(double before, double offered, double seconds) {
  const double weight = exceeds(offered, before * seconds) ? 1 : newest_weight;
  return before + weight * (offered / seconds - before);
}

double balance_after(const Allowance& allowance, const Account& account, const Heard& heard) {
  const double came_in = allowance.per_second * seconds_of(heard.elapsed);
  return std::min(allowance.burst, account.balance + came_in - heard.admitted);
}

}  // namespace

bool is_surprise(const Account& account, const Heard& heard) {
  return exceeds(heard.offered, account.offered_per_second * seconds_of(interval));
}

Account preview_account(const Allowance& allowance, const Account& account, const Heard& heard) {
  Account next{.balance = balance_after(allowance, account, heard), .offered_per_second = account.offered_per_second};
  if (is_surprise(account, heard)) next.offered_per_second = heard.offered / seconds_of(interval);
  return next;
}

Account settle_account(const Allowance& allowance, const Account& account, const Heard& heard) {
  const double seconds = seconds_of(heard.elapsed);
  if (seconds <= 0) return account;
  return {.balance = balance_after(allowance, account, heard),
          .offered_per_second = estimate(account.offered_per_second, heard.offered, seconds)};
}

double ratio_of(const Allowance& allowance, const Account& account) {
  const double target = allowance.per_second + account.balance / pay_back_seconds;
  if (target <= 0) return 0;
  return account.offered_per_second <= target ? 1 : target / account.offered_per_second;
}

ShareVerdict decide_share(const ShareFacts& facts) {
  if (facts.ratio >= 1) return {.admitted = true, .credit = facts.credit};
  const auto cost = static_cast<double>(facts.cost);
  const double credit = facts.credit + facts.ratio * cost;
  if (credit < 0) return {.admitted = false, .credit = credit};
  return {.admitted = true, .credit = credit - cost};
}

}  // namespace weir::limit::fleet
