// How `listeners[].tls.acme` is written: certificates that an authority issues by itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/acme/on_demand_rules.h"
#include "app/acme/order.h"
#include "contracts/schema.h"

namespace weir::config {

/// Names that share one certificate.
struct AcmeNames {
  std::vector<std::string> names;  ///< lower case; at least one
  Place place;
};

struct ExternalAccountDocument {
  std::string key_id;
  std::string key;  ///< base64url, as the authority gives it
};

struct AcmeDocument {
  enum class Terms : std::uint8_t { accept };

  std::string directory = "letsencrypt";
  std::vector<AcmeNames> names;
  std::vector<std::string> contact;
  Terms terms = Terms::accept;
  acme::ChallengeKind challenge = acme::ChallengeKind::http_01;
  std::optional<ExternalAccountDocument> external_account;
  std::string authorities;  ///< a file; empty: whom this machine trusts
  std::string profile;
  std::optional<acme::OnDemandRules> on_demand;  ///< nothing: only names that are written
  Place place;
  std::string path;  ///< `listeners[0].tls.acme`

  /// The URL that `directory` stands for. \pre  it was read without errors
  [[nodiscard]] std::string directory_url() const;
};

const Schema<AcmeDocument>& acme_schema();

}  // namespace weir::config
