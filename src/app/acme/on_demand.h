// Certificates for names that nobody has written down: had when the first client asks for one.
//
// Problem: whoever serves the domains of ten thousand customers cannot list them; but whoever issues for every name
// that a client sends lets strangers spend what an authority grants in a week. Idea: a name has to be allowed, by a
// pattern in the configuration or by an endpoint that is asked, and no more than so many are begun in an hour, whoever
// asks. The client's handshake waits for it, for a few seconds; whoever comes later finds it there. What the vault has
// is taken from it and counts nothing.
//
// Invariants
//   (1) No authority is asked for a name that was not allowed, nor for more names in an hour than `per_hour`.
//   (2) The endpoint is asked by few at once, and a refusal is remembered for a while: clients may repeat themselves.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/acme/managed_certificate.h"
#include "app/acme/on_demand_rules.h"
#include "app/acme/proof_table.h"
#include "contracts/shard.h"
#include "contracts/shared_states.h"

namespace weir::acme {

struct OnDemandFacts {
  bool is_host_name = false;
  bool covered = false;     ///< by a pattern, or there are none
  std::uint32_t begun = 0;  ///< in the last hour
  std::uint32_t per_hour = 0;
  std::size_t known = 0;        ///< names that are kept already
  bool refused_lately = false;  ///< by the endpoint
};
enum class OnDemandVerdict : std::uint8_t {
  allowed,
  no_host_name,
  not_covered,
  refused_lately,
  too_many_this_hour,
  too_many
};
std::string_view name_of(OnDemandVerdict verdict);
/// Whether a name may be asked about, and had. Pure.
OnDemandVerdict decide_on_demand(const OnDemandFacts& facts);

class OnDemand final : public SharedState {
 public:
  OnDemand(OnDemandRules rules, ChallengeKind challenge, std::shared_ptr<const Authority> authority,
           SharedStates& states, std::shared_ptr<ProofTable> proofs)
      : rules_(std::move(rules)),
        challenge_(challenge),
        authority_(std::move(authority)),
        states_(states),
        proofs_(std::move(proofs)) {}

  /// \param name  as a client asks for it, lower case
  /// \returns  its certificate, which may not have been issued yet; null: it is not to be had
  Task<std::shared_ptr<ManagedCertificate>> certificate_for(Shard& shard, std::string name);

  /// Those that clients have asked for.
  [[nodiscard]] std::vector<std::shared_ptr<ManagedCertificate>> all();

 private:
  using Names = std::map<std::string, std::shared_ptr<ManagedCertificate>, std::less<>>;

  OnDemandVerdict judge(const std::string& name, WallTime now);
  bool begin(const std::string& name, WallTime now);
  Task<bool> is_in_vault(Shard& shard, std::string name);
  Task<bool> may(Shard& shard, std::string name);
  std::shared_ptr<ManagedCertificate> find(std::string_view name);
  std::shared_ptr<ManagedCertificate> keep(const std::string& name);

  const OnDemandRules rules_;
  const ChallengeKind challenge_;
  const std::shared_ptr<const Authority> authority_;
  SharedStates& states_;
  const std::shared_ptr<ProofTable> proofs_;

  std::mutex mutex_;  // of what follows; any core may ask
  Names names_;
  std::map<std::string, WallTime, std::less<>> refused_until_;
  unsigned asking_ = 0;
  std::deque<WallTime> begun_;
};

}  // namespace weir::acme
