// From what a configuration says to the certificates that are to be had: found again where a configuration before had
// them, else made. Asks nobody: `weir check` works without a network.
#pragma once

#include <memory>
#include <vector>

#include "app/acme/on_demand.h"
#include "app/acme/proof_table.h"
#include "app/config/acme.h"
#include "contracts/diagnostics.h"
#include "contracts/shared_states.h"
#include "contracts/watched_file.h"

namespace weir::acme {

/// What one listener has of an authority.
struct ListenerCertificates {
  std::vector<std::shared_ptr<ManagedCertificate>> managed;  ///< those that are written
  std::shared_ptr<OnDemand> on_demand;                       ///< null: no others
  std::shared_ptr<ProofTable> proofs;
};

/// \returns  nothing after errors
std::optional<ListenerCertificates> listener_certificates(const config::AcmeDocument& document, WatchedFiles& files,
                                                          SharedStates& states, Diagnostics& diagnostics);

}  // namespace weir::acme
