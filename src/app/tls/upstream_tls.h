// How an upstream is spoken to over TLS, from what the configuration says.
#pragma once

#include <memory>

#include "app/config/document.h"
#include "contracts/plugin.h"
#include "net/tls/client_context.h"

namespace weir {

/// \pre upstream.tls. \returns  null after errors
std::shared_ptr<const tls::ClientContext> make_upstream_tls(const config::UpstreamDocument& upstream,
                                                            BuildContext& context, WallTime now);

}  // namespace weir
