// How an upstream is spoken to over TLS, from what the configuration says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config/document.h"
#include "contracts/client_tls.h"
#include "contracts/plugin.h"

namespace weir {

/// \pre upstream.tls. \param protocols  that are offered (ALPN), most wanted first
/// \returns  null after errors
std::shared_ptr<const tls::ClientContext> make_upstream_tls(const config::UpstreamDocument& upstream,
                                                            std::vector<std::string> protocols, BuildContext& context,
                                                            WallTime now);
/// The same, but for what is offered.
std::shared_ptr<const tls::ClientContext> offering(const tls::ClientContext& context,
                                                   std::vector<std::string> protocols);

}  // namespace weir
