// How TLS is spoken to a server, as a configuration says it: `tls: on`, or a map. One grammar for upstreams and Redis.
//
// Problem: each plug-in that connects would read authorities, names and keys in its own way, and one of them would
// forget to verify. Idea: options and the context that follows from them stand in one place; whoever connects says only
// what is its own, which name is meant when none is written, and what is spoken above TLS.
//
// Invariants
//   (1) A server is verified unless `verify: false` is written, and then the configuration is warned of.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contracts/schema.h"
#include "net/tls/client_context.h"

namespace weir {

class BuildContext;

struct ClientTlsOptions {
  bool verify = true;
  std::string name;         ///< empty: the host of the server's address
  std::string uri;          ///< that its certificate has to have in place of a name; empty: none
  std::string authorities;  ///< a file; empty: whom this machine trusts
  std::string revocation;   ///< a file; empty: nobody asks
  std::string certificate;  ///< a file; empty: none is shown
  std::string key;
  tls::Version oldest = tls::Version::tls_1_2;
  Place place;
  std::string path;  ///< `upstreams.shop.tls`
  static const Schema<ClientTlsOptions>& schema();
};

/// For Schema::custom(): options that are there when they are written. \returns  false after errors
bool read_client_tls(const Node& node, const Reading& reading, std::optional<ClientTlsOptions>& tls);
/// What the documentation calls a value that read_client_tls() reads.
inline constexpr std::string_view client_tls_type = "on or tls to a server";

/// Reads the files that the options name.
/// \param host       expected of the server when no name is written; empty: whoever connects names it each time
/// \param protocols  offered by ALPN; empty: none are
/// \returns  null after errors
std::shared_ptr<const tls::ClientContext> make_client_tls(const ClientTlsOptions& options, const std::string& host,
                                                          std::vector<std::string> protocols, BuildContext& context,
                                                          WallTime now);

}  // namespace weir
