// Has certificates issued and keeps them young, for the whole process: the one who talks to authorities.
//
// Idea: all of it lives on the first core, one coroutine for each certificate, which sleeps until something is due: the
// first certificate, its renewal, a question when the authority would like that (RFC 9773), a try after a failure. What
// is due is decided by a pure function. Disks are waited for elsewhere. Before it asks an authority it takes the
// certificate's lock in the vault, and looks whether another process that shares the vault has been faster: then that
// one's certificate is taken over.
//
// Invariants
//   (1) What clients are shown changes only to a certificate that was issued; failures change nothing but the status.
//   (2) No authority is asked without the lock of the certificate, where there is a vault.
//   (3) At most limits::acme_orders_at_once orders are on their way.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/acme/managed_certificate.h"
#include "app/acme/proof_table.h"
#include "app/acme/vault.h"
#include "contracts/shard.h"
#include "runtime/gate.h"

namespace weir::acme {

/// What is known of a certificate when it is asked what to do about it.
struct KeepingFacts {
  bool issued = false;
  WallTime renewal{};                  ///< of an issued one
  std::optional<WallTime> next_try;    ///< after a failure; nothing: there was none
  std::optional<WallTime> advice_due;  ///< when the authority is to be asked again; nothing: it is not asked
  WallTime now{};
};
enum class Duty : std::uint8_t { sleep, have_issued, ask_advice };
struct KeepingDecision {
  Duty duty = Duty::sleep;
  Duration sleep{};
};
/// Pure.
KeepingDecision decide_keeping(const KeepingFacts& facts);

class Keeper final : public ShardState, private Proofs {
 public:
  /// Hears a sentence for the error log; from the keeper's core.
  using Tell = std::function<void(bool good, std::string sentence)>;

  /// \param states  where certificates are found; outlives the shard
  /// \param vault   null: what is issued is gone with the process
  Keeper(Shard& shard, SharedStates& states, std::shared_ptr<const Vault> vault, Tell tell);

  /// Begins to look for certificates, until the shard ends.
  void start();
  void stop() override { stopping_ = true; }

 private:
  struct Desk;
  struct Kept;

  Task<void> look_on();
  Task<void> keep(std::weak_ptr<ManagedCertificate> which);
  Task<Duration> attend(ManagedCertificate& certificate, Kept& kept);
  void schedule(ManagedCertificate& certificate, Kept& kept) const;
  Task<void> take_from_vault(ManagedCertificate& certificate);
  Task<void> have_issued(ManagedCertificate& certificate, Kept& kept);
  Task<Outcome<void>> issue(ManagedCertificate& certificate);
  Task<Outcome<Vault::Lock>> lock(const Url& authority, std::string name);
  Task<Outcome<void>> converse(ManagedCertificate& certificate);
  Task<Outcome<Account>> account_at(const Authority& authority, Conversation& conversation);
  Task<Outcome<void>> store(ManagedCertificate& certificate, Issued issued);
  Task<void> ask_advice(ManagedCertificate& certificate, Kept& kept);
  void tell_trouble(const ManagedCertificate& certificate, const Trouble& trouble, Duration wait);

  Task<Outcome<void>> show(const Proof& proof) override;
  void take_down(const Proof& proof) override;

  Shard& shard_;
  SharedStates& states_;
  const std::shared_ptr<const Vault> vault_;
  const std::shared_ptr<ProofTable> proofs_;
  const Tell tell_;
  Gate orders_;
  Gate accounts_;                         // one account is opened at a time
  std::map<std::string, Account> known_;  // by directory
  std::map<const ManagedCertificate*, std::weak_ptr<ManagedCertificate>> attended_;
  bool stopping_ = false;
};

/// Gives each certificate what the vault has of it; blocks. Before the first client comes.
void restore_certificates(SharedStates& states, const Vault& vault, WallTime now, const Keeper::Tell& tell);

}  // namespace weir::acme
