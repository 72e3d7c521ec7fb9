// What is shown to authorities at this moment, for all cores; and what other processes that share the vault show.
//
// Problem: the authority's question may reach any core, and behind a balancer any process of several. Idea: a table
// that is touched only while a certificate is being issued; a token that is not in it may have been written into the
// vault by another process, so the disk is asked, by few at once: anybody can send tokens.
//
// Invariants
//   (1) At most `looks_at_once` look at the disk; for the others an unknown token is unknown.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "app/acme/conversation.h"
#include "app/acme/vault.h"
#include "base/at_most.h"
#include "contracts/challenge_answers.h"
#include "contracts/shared_states.h"
#include "net/tls/challenge.h"

namespace weir::acme {

class ProofTable final : public ChallengeAnswers, public tls::ChallengeCertificates, public SharedState {
 public:
  static constexpr unsigned looks_at_once = 8;
  static constexpr const char* key = "acme proofs";  ///< where it stands among the shared states

  void add(const Proof& proof, WallTime now);
  void remove(const Proof& proof);
  /// Where others write what they show. \param vault  null: nobody shares with us
  void share(std::shared_ptr<const Vault> vault);

  Task<std::optional<std::string>> answer(Shard& shard, std::string token) override;
  std::shared_ptr<const tls::Identity> shown_for(std::string_view name) override;

 private:
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> by_token_;
  std::map<std::string, std::shared_ptr<const tls::Identity>, std::less<>> by_name_;  // for who shakes hands
  std::shared_ptr<const Vault> vault_;
  AtMost looks_{looks_at_once};
};

}  // namespace weir::acme
