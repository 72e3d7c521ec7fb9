// Certificates for names that nobody has written down: had when the first client asks for one.
//
// Problem: whoever serves the domains of ten thousand customers cannot list them; but whoever issues for every name
// that a client sends lets strangers spend what an authority grants in a week. Idea: a name has to be allowed, by a
// pattern in the configuration or by an endpoint that is asked, and no more than so many are begun in an hour, whoever
// asks. The client's handshake waits for it, for a few seconds; whoever comes later finds it there. What the vault has
// is taken from it and counts nothing. A name that its authority refuses, or for which none was to be had for a day, is
// forgotten until somebody asks for it again: whoever made it up is not asked about for ever.
//
// Invariants
//   (1) No authority is asked for a name that was not allowed, nor for more names in an hour than `per_hour`.
//   (2) The endpoint is asked by few at once, and a refusal is remembered for a while: clients may repeat themselves.
//   (3) Few look into the vault at once, and that nothing is there is remembered for a moment.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/acme/managed_certificate.h"
#include "app/acme/on_demand_rules.h"
#include "app/acme/short_memory.h"
#include "app/acme/vault.h"
#include "base/at_most.h"
#include "base/limits.h"
#include "contracts/shard.h"
#include "contracts/shared_states.h"

namespace weir::acme {

struct OnDemandFacts {
  bool is_host_name = false;
  bool covered = false;     ///< by a pattern, or there are none
  std::uint32_t begun = 0;  ///< in the last hour
  std::uint32_t per_hour = 0;
  std::size_t known = 0;        ///< names that are kept already
  bool refused_lately = false;  ///< by the endpoint, or by the authority itself
};
enum class OnDemandVerdict : std::uint8_t {
  allowed,
  no_host_name,
  not_covered,
  refused_lately,
  too_many_this_hour,
  too_many
};
/// Whether a name may be asked about, and had. Pure.
OnDemandVerdict decide_on_demand(const OnDemandFacts& facts);
/// Whether a name that was had is not to be kept any more. Pure. \param kept_for  since a client asked for it
bool is_given_up(const CertificateStatus& status, Duration kept_for);

class OnDemand final : public SharedState {
 public:
  OnDemand(OnDemandRules rules, ChallengeKind challenge, std::shared_ptr<const Authority> authority,
           SharedStates& states);

  /// Where what was issued in another life is found. \param vault  null: nowhere
  void share(std::shared_ptr<const Vault> vault);

  /// \param name  as a client asks for it, lower case
  /// \returns  its certificate, which may not have been issued yet; null: it is not to be had
  Task<std::shared_ptr<ManagedCertificate>> certificate_for(Shard& shard, std::string name);

  /// Those that clients have asked for.
  [[nodiscard]] std::vector<std::shared_ptr<ManagedCertificate>> all();

  /// \returns  the names that are not kept any more
  std::vector<std::string> let_go_of_failed(Time now, WallTime wall_now);

 private:
  struct Had {
    std::shared_ptr<ManagedCertificate> certificate;
    Time since{};
  };

  OnDemandVerdict judge(const std::string& name, Time now);
  bool begin(const std::string& name, Time now);
  Task<std::optional<bool>> is_in_vault(Shard& shard, std::string name);
  Task<bool> may(Shard& shard, std::string name);
  std::shared_ptr<ManagedCertificate> find(std::string_view name);
  std::shared_ptr<ManagedCertificate> keep(const std::string& name, Time now);
  void tell(Shard& shard, const std::string& name, std::string_view why);

  const OnDemandRules rules_;
  const ChallengeKind challenge_;
  const std::shared_ptr<const Authority> authority_;
  SharedStates& states_;
  AtMost looks_{limits::acme_asking_at_once};
  AtMost questions_{limits::acme_asking_at_once};

  std::mutex mutex_;  // of what follows; any core may ask
  std::shared_ptr<const Vault> vault_;
  std::map<std::string, Had, std::less<>> names_;
  ShortMemory refused_;  // by the endpoint
  ShortMemory given_up_;
  ShortMemory missed_;  // in the vault
  std::deque<Time> begun_;
  std::optional<Time> told_at_;
};

}  // namespace weir::acme
