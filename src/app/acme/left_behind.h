// Certificates in the vault that were issued for other groups of names, or by another authority: what clients are shown
// after a start with new names until there is one for those.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/acme/vault.h"
#include "net/tls/identity.h"

namespace weir::acme {

class LeftBehind {
 public:
  explicit LeftBehind(const Vault& vault) : vault_(vault) {}

  /// Those that are valid now and begin with one of the names. The vault is looked through once, when first asked.
  [[nodiscard]] std::vector<std::shared_ptr<const tls::Identity>> of(const std::vector<std::string>& names,
                                                                     WallTime now);

 private:
  const Vault& vault_;
  std::optional<std::multimap<std::string, std::string>> files_;
};

}  // namespace weir::acme
