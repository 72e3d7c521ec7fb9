// Tells browsers to come back over TLS only (HTTP Strict Transport Security, RFC 6797).
//
// Idea: one field on every answer that goes out over TLS, errors of what stands behind included. Over plain HTTP it is
// left out, and taken out if an upstream sent it: whoever could change the answer could send it, too (section 7.2).
#pragma once

#include <string>

#include "contracts/plugin.h"
#include "contracts/schema.h"

namespace weir {

struct HstsOptions {
  Duration age = std::chrono::hours{24 * 365};  ///< a year: what hstspreload.org asks for at least
  bool subdomains = false;                      ///< these hosts, too, although they may not know
  bool preload = false;                         ///< browsers may build the host in
  static const Schema<HstsOptions>& schema();
};

class Hsts final : public Filter {
 public:
  explicit Hsts(const HstsOptions& options);

  Reply handle(Exchange& exchange, Next next) const override;
  Effect rehearse(ImaginedRequest& imagined) const override;

 private:
  std::string value_;
};

const FilterKind& hsts_filter();

}  // namespace weir
