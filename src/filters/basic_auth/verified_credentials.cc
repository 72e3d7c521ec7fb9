// Two tables that take turns.
#include "filters/basic_auth/verified_credentials.h"

namespace weir {

bool VerifiedCredentials::knows(const crypto::Digest& digest, Time now, Duration age_max) {
  const auto is_young_enough = [&](Time verified) { return now < deadline_after(verified, age_max); };
  if (const auto found = young_.find(digest); found != young_.end()) return is_young_enough(found->second);
  const auto found = old_.find(digest);
  if (found == old_.end()) return false;
  const Time verified = found->second;
  old_.erase(found);
  if (!is_young_enough(verified)) return false;
  remember(digest, verified);  // whoever still comes moves on; the time stays
  return true;
}

void VerifiedCredentials::remember(const crypto::Digest& digest, Time now) {
  if (young_.size() >= limits::credentials_remembered / 2) {
    old_ = std::move(young_);
    young_.clear();
  }
  young_[digest] = now;
}

}  // namespace weir
