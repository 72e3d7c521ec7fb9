// What a program behind CGI is told about a request: the meta-variables of RFC 3875 section 4.1, and what PHP expects
// beside them.
//
// Pure: facts in, a list out. What a client can write ends up only in values and in names that begin with HTTP_:
//   - A field whose name has anything but letters, digits and '-' is left out: `X_Forwarded_For` and `X.Forwarded.For`
//     would become the same variable as the `X-Forwarded-For` that Weir has written.
//   - `Proxy` is left out: HTTP_PROXY is what many programs take for the proxy to send their own requests through
//     (httpoxy, CVE-2016-5385).
//   - Several lines of one name become one value, joined by ", ", cookies by "; ".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "net/address.h"

namespace weir {

/// A variable that the configuration sets.
struct ConfiguredVariable {
  std::string name;
  std::string value;
};

struct CgiFacts {
  const RequestHead& head;  ///< as any upstream would get it: forwarding fields written, Host taken out
  const ClientAddress& client;
  std::string_view scheme;
  IpAddress address;                        ///< of ours, that the client connected to
  std::uint16_t port = 0;                   ///< of our listener; 0 when it has none
  std::string_view user;                    ///< whom a filter has verified by Basic credentials; empty: nobody
  std::optional<ByteCount> content_length;  ///< nothing: no content
  std::string_view root;                    ///< empty: an application without scripts
  std::string_view script;                  ///< SCRIPT_NAME; empty for such an application
  std::string_view path_info;
  std::span<const ConfiguredVariable> configured;  ///< stand in place of what would be said otherwise
};

/// In the arena.
std::span<const CgiVariable> cgi_variables(const CgiFacts& facts, Arena& arena);

/// HTTP_X_REQUEST_ID for x-request-id; empty for a field that goes no further.
std::string_view variable_name(std::string_view field_name, Arena& arena);

}  // namespace weir
