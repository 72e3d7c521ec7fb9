// The stand-in, and what takes its place.
#include "app/acme/managed_certificate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/invariant.h"
#include "net/tls/issuing.h"

namespace weir::acme {
namespace {

/// Long enough for whoever is away for a week; nobody trusts it anyway.
constexpr Duration stand_in_lasts = std::chrono::hours{24 * 30};

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
  return fmt::format("acme {} {} {}", authority.identity(), name_of(challenge), fmt::join(names, " "));
}

std::string ManagedCertificate::file_name_of(const std::vector<std::string>& names, const Authority& authority) {
  const std::string variant = authority.variant();
  if (names.size() == 1 && variant.empty()) return names.front();
  return names.front() + "+" + digest_of(fmt::format("{}", fmt::join(names, " ")) + variant);
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
  status.others_shown = std::ranges::any_of(others_, [&](const auto& each) { return now < each->valid_until(); });
  return status;
}

std::optional<std::string> ManagedCertificate::take(const std::string& pem, WallTime now) {
  if (pem == text()) return {};
  if (auto problem = take_quietly(pem, now)) return problem;
  const std::array changed{shared_from_this()};
  tell_followers(changed, now);
  return {};
}

/// What a text holds, or what is wrong with it.
struct ManagedCertificate::Judged {
  std::shared_ptr<const tls::Identity> identity;
  std::optional<tls::IssuedFacts> facts;
  std::optional<std::string> problem;
};

ManagedCertificate::Judged ManagedCertificate::judge_text(const std::string& pem, WallTime now) const {
  std::vector<tls::Finding> findings;
  Judged judged{
      .identity = tls::Identity::read(pem, pem, now, findings), .facts = tls::issued_facts(pem), .problem = {}};
  if (judged.identity == nullptr || !judged.facts)
    judged.problem = findings.empty() ? "it cannot be read" : findings.front().what;
  else if (!covers_all(*judged.identity, names_))
    judged.problem = "it is for other names: " + judged.identity->title();
  return judged;
}

/// By when it was issued: one that replaces another before its time (revoked, or for a shorter life) may end sooner.
/// \pre the lock is held
bool ManagedCertificate::is_behind(const tls::IssuedFacts& facts, WallTime now) const {
  return facts_ && facts.from < facts_->from && facts_->until > now;
}

std::optional<std::string> ManagedCertificate::judge(const std::string& pem, WallTime now) const {
  Judged judged = judge_text(pem, now);
  if (judged.problem) return std::move(judged.problem);
  const std::lock_guard lock(mutex_);
  if (is_behind(*judged.facts, now)) return "it was issued before the one that is shown";
  return {};
}

std::optional<std::string> ManagedCertificate::take_quietly(const std::string& pem, WallTime now) {
  Judged judged = judge_text(pem, now);
  if (judged.problem) return std::move(judged.problem);
  const std::lock_guard lock(mutex_);
  if (is_behind(*judged.facts, now)) return "it was issued before the one that is shown";
  identity_ = std::move(judged.identity);
  text_ = pem;
  facts_ = std::move(judged.facts);
  others_.clear();
  status_ = {.issued = true,
             .lifetime = {.from = facts_->from, .until = facts_->until},
             .issuer = facts_->issuer,
             .being_issued = status_.being_issued};
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

void ManagedCertificate::follow_upon(std::vector<std::shared_ptr<const tls::Identity>> others) {
  const std::lock_guard lock(mutex_);
  if (!facts_) others_ = std::move(others);
}

std::vector<std::shared_ptr<const tls::Identity>> ManagedCertificate::others() const {
  const std::lock_guard lock(mutex_);
  return others_;
}

void ManagedCertificate::note_begin() {
  const std::lock_guard lock(mutex_);
  status_.being_issued = true;
}

void ManagedCertificate::note_end() {
  const std::lock_guard lock(mutex_);
  status_.being_issued = false;
}

void ManagedCertificate::note_trouble(const Trouble& trouble, WallTime now, Duration wait) {
  const std::lock_guard lock(mutex_);
  // Another process that is at it is no failure.
  if (trouble.kind != Trouble::Kind::elsewhere) ++status_.failures;
  status_.trouble = trouble.what;
  status_.kind = trouble.kind;
  status_.trouble_at = now;
  status_.next_try = now + wait;
}

unsigned ManagedCertificate::failures() const {
  const std::lock_guard lock(mutex_);
  return status_.failures;
}

bool ManagedCertificate::has_just_failed() const {
  const std::lock_guard lock(mutex_);
  return status_.failures > 0 && !status_.being_issued;
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

void ManagedCertificate::tell_followers(std::span<const std::shared_ptr<ManagedCertificate>> changed, WallTime now) {
  std::set<std::weak_ptr<Follower>, std::owner_less<>> followers;
  for (const auto& each : changed) {
    const std::lock_guard lock(each->mutex_);
    followers.insert(each->followers_.begin(), each->followers_.end());
  }
  for (const auto& each : followers) {
    if (const auto there = each.lock()) there->certificate_changed(now);
  }
}

}  // namespace weir::acme
