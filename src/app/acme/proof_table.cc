// The table, then the disk.
#include "app/acme/proof_table.h"

#include "base/crypto.h"
#include "net/tls/issuing.h"
#include "runtime/elsewhere.h"

namespace weir::acme {
namespace {

/// An authority waits some ten seconds.
constexpr Duration disk_patience = std::chrono::seconds{3};

std::shared_ptr<const tls::Identity> certificate_for(const Proof& proof, WallTime now) {
  const auto key = tls::SigningKey::make();
  std::vector<tls::Finding> findings;
  return tls::Identity::read(tls::challenge_certificate(*key, proof.name, crypto::sha256(proof.authorization), now),
                             key->pem(), now, findings);
}

}  // namespace

void ProofTable::add(const Proof& proof, WallTime now) {
  const auto shown = proof.kind == ChallengeKind::tls_alpn_01 ? certificate_for(proof, now) : nullptr;
  const std::lock_guard lock(mutex_);
  if (shown != nullptr)
    by_name_[proof.name] = shown;
  else
    by_token_[proof.token] = proof.authorization;
}

void ProofTable::remove(const Proof& proof) {
  const std::lock_guard lock(mutex_);
  by_token_.erase(proof.token);
  if (proof.kind == ChallengeKind::tls_alpn_01) by_name_.erase(proof.name);
}

void ProofTable::share(std::shared_ptr<const Vault> vault) {
  const std::lock_guard lock(mutex_);
  vault_ = std::move(vault);
}

std::shared_ptr<const tls::Identity> ProofTable::shown_for(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

Task<std::optional<std::string>> ProofTable::answer(Shard& shard, std::string token) {
  std::shared_ptr<const Vault> vault;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_token_.find(token); found != by_token_.end()) co_return found->second;
    vault = vault_;
  }
  if (vault == nullptr || !is_token(token)) co_return std::nullopt;
  AtMost::Place place = looks_.enter();
  if (!place) co_return std::nullopt;
  // The job keeps the place: a disk that hangs has no more of them than so many, however many ask and give up.
  Result<std::optional<std::string>> read = co_await on_disk(
      shard.reactor, shard.executor, [vault, token, place = std::move(place)] { return vault->read_challenge(token); },
      disk_patience);
  if (!read) co_return std::nullopt;
  co_return std::move(*read);
}

}  // namespace weir::acme
