// The stand-in, and what takes its place.
#include "app/acme/managed_certificate.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "net/tls/issuing.h"

namespace weir::acme {
namespace {

/// Long enough for whoever is away for a week; nobody trusts it anyway.
constexpr Duration stand_in_lasts = std::chrono::hours{24 * 30};
constexpr std::size_t digest_shown = 12;

std::string digest_of(const std::vector<std::string>& names) {
  return crypto::hexadecimal(crypto::sha256(fmt::format("{}", fmt::join(names, " ")))).substr(0, digest_shown);
}

bool covers_all(const tls::Identity& identity, const std::vector<std::string>& names) {
  return std::ranges::all_of(names, [&](const std::string& name) {
    return std::ranges::any_of(identity.names(), [&](const std::string& each) { return tls::covers(each, name); });
  });
}

}  // namespace

std::shared_ptr<const tls::Identity> stand_in(const std::vector<std::string>& names, WallTime now) {
  const auto key = tls::SigningKey::make();
  std::vector<tls::Finding> findings;
  auto made = tls::Identity::read(tls::self_signed(*key, names, now, stand_in_lasts), key->pem(), now, findings);
  invariant(made != nullptr, "a certificate of one's own can be read");
  return made;
}

std::string ManagedCertificate::key_of(const std::vector<std::string>& names, const Authority& authority,
                                       ChallengeKind challenge) {
  std::string key =
      fmt::format("acme {} {} {}", authority.settings.directory.text(), name_of(challenge), fmt::join(names, " "));
  // What else makes it another's: who is believed to be the authority, and whose account it is.
  key += fmt::format(" {} {}", authority.settings.context->fingerprint(), authority.settings.profile);
  if (const auto& account = authority.settings.external_account)
    key += fmt::format(" {} {}", account->key_id, crypto::hexadecimal(crypto::sha256(account->secret)));
  return key;
}

std::string ManagedCertificate::file_name() const {
  return names_.size() == 1 ? names_.front() : names_.front() + "+" + digest_of(names_);
}

std::shared_ptr<const tls::Identity> ManagedCertificate::identity(WallTime now) {
  const std::lock_guard lock(mutex_);
  if (identity_ == nullptr) identity_ = stand_in(names_, now);
  return identity_;
}

CertificateStatus ManagedCertificate::status(WallTime now) const {
  const std::lock_guard lock(mutex_);
  CertificateStatus status = status_;
  status.as_of = now;
  status.names = names_;
  status.authority = authority_->name;
  return status;
}

std::optional<std::string> ManagedCertificate::take(const std::string& pem, WallTime now) {
  {
    const std::lock_guard lock(mutex_);
    if (pem == text_) return {};
  }
  std::vector<tls::Finding> findings;
  std::shared_ptr<const tls::Identity> read = tls::Identity::read(pem, pem, now, findings);
  const auto facts = tls::issued_facts(pem);
  if (read == nullptr || !facts) return findings.empty() ? "it cannot be read" : findings.front().what;
  if (!covers_all(*read, names_)) return "it is for other names: " + read->title();
  {
    const std::lock_guard lock(mutex_);
    if (facts_ && facts->until < facts_->until && facts_->until > now) return "it ends before the one that is shown";
    identity_ = std::move(read);
    text_ = pem;
    facts_ = facts;
    status_.issued = true;
    status_.lifetime = {.from = facts->from, .until = facts->until};
    status_.issuer = facts->issuer;
    status_.renewal.reset();
  }
  version_.fetch_add(1, std::memory_order_release);
  tell_followers(now);
  return {};
}

std::string ManagedCertificate::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

std::optional<tls::IssuedFacts> ManagedCertificate::facts() const {
  const std::lock_guard lock(mutex_);
  return facts_;
}

void ManagedCertificate::note_begin() {
  const std::lock_guard lock(mutex_);
  status_.being_issued = true;
}

void ManagedCertificate::note_end(const std::optional<Trouble>& trouble, WallTime now,
                                  std::optional<WallTime> next_try) {
  const std::lock_guard lock(mutex_);
  status_.being_issued = false;
  status_.next_try = next_try;
  if (!trouble) {
    status_.failures = 0;
    status_.trouble.clear();
    status_.trouble_at.reset();
    return;
  }
  // Another process that is at it is no failure.
  if (trouble->type != locked_elsewhere) ++status_.failures;
  status_.trouble = trouble->what;
  status_.trouble_at = now;
}

void ManagedCertificate::note_renewal(WallTime when) {
  const std::lock_guard lock(mutex_);
  status_.renewal = when;
}

void ManagedCertificate::follow(std::weak_ptr<Follower> who) {
  const std::lock_guard lock(mutex_);
  std::erase_if(followers_, [](const auto& each) { return each.expired(); });
  const auto is_it = [&](const auto& each) { return !each.owner_before(who) && !who.owner_before(each); };
  if (std::ranges::none_of(followers_, is_it)) followers_.push_back(std::move(who));
}

void ManagedCertificate::tell_followers(WallTime now) {
  std::vector<std::weak_ptr<Follower>> followers;
  {
    const std::lock_guard lock(mutex_);
    followers = followers_;
  }
  for (const auto& each : followers) {
    if (const auto there = each.lock()) there->certificate_changed(now);
  }
}

}  // namespace weir::acme
