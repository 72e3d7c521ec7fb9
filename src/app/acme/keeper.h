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
//   (3) At most limits::acme_orders_at_once orders and questions are on their way.
//   (4) Between two certificates for the same names lies rest_after() at least, whatever clocks and authorities say.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/acme/conversation.h"
#include "app/acme/keeper_bell.h"
#include "app/acme/managed_certificate.h"
#include "app/acme/proof_table.h"
#include "app/acme/vault.h"
#include "contracts/shard.h"
#include "runtime/gate.h"
#include "runtime/signal.h"

namespace weir::acme {

/// What is known of a certificate when it is asked what to do about it. What is not positive is due.
struct KeepingFacts {
  bool issued = false;
  Duration until_renewal{};              ///< of an issued one
  Duration rest{};                       ///< how long nothing is asked for yet: after a failure, and after a new one
  std::optional<Duration> until_advice;  ///< when the authority is to be asked again; nothing: it is not asked
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
  ~Keeper() override;

  /// Begins to look for certificates, until the shard ends.
  void start();
  void stop() override { stopping_ = true; }

 private:
  struct Kept;

  Task<void> look_on();
  void let_go_of_failed();
  Task<void> keep(std::weak_ptr<ManagedCertificate> which);
  Task<Duration> attend(ManagedCertificate& certificate, Kept& kept);
  void schedule(ManagedCertificate& certificate, Kept& kept);
  Task<void> take_from_vault(ManagedCertificate& certificate);
  Task<void> have_issued(ManagedCertificate& certificate, Kept& kept);
  Task<Outcome<void>> issue(ManagedCertificate& certificate);
  Task<Outcome<Vault::Lock>> lock(const Url& authority, std::string name);
  Task<Outcome<void>> converse(ManagedCertificate& certificate, Vault::Lock held);
  Task<Outcome<Account>> account_at(const Authority& authority, Conversation& conversation);
  Task<Outcome<std::shared_ptr<const tls::SigningKey>>> account_key(const Authority& authority, Vault::Lock held);
  Task<Outcome<void>> write(const Url& authority, std::string name, std::string text, Vault::Lock held);
  Task<Outcome<void>> store(ManagedCertificate& certificate, Issued issued, Vault::Lock held);
  Task<Outcome<RenewalAdvice>> hear_advice(const Authority& authority, std::string renewal_id);
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
  std::map<std::string, Account> known_;  // by what makes them different
  std::map<const ManagedCertificate*, std::weak_ptr<ManagedCertificate>> attended_;
  const std::shared_ptr<KeeperBell> bell_;
  const std::shared_ptr<Signal> rung_;
  bool stopping_ = false;
};

/// Gives each certificate what the vault has of it, and the vault to whoever looks there later; blocks. Before the
/// first client comes.
void restore_certificates(SharedStates& states, const std::shared_ptr<const Vault>& vault, WallTime now,
                          const Keeper::Tell& tell);

}  // namespace weir::acme
