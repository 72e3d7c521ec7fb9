// An address of an upstream in place of its name: http://host:port, tcp://host:port, unix:/path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "contracts/session.h"

namespace weir {

struct UrlKind {
  UpstreamProtocol leads_to;
  std::string_view scheme;  ///< with its colon
  std::uint16_t port;       ///< where none is written; 0: it must be
};

/// Null: it begins with none of our schemes.
const UrlKind* url_kind_of(std::string_view text);
/// Whether a reference is an address and no name.
bool is_url(std::string_view text);
/// Under which a cluster made from a URL is kept: one unix socket may be named by services of several protocols.
std::string key_of(std::string_view url, UpstreamProtocol wanted);
/// In front of the address in the name of an upstream that was made from a URL: what speaks otherwise is another one.
std::string_view name_prefix_of(UpstreamProtocol spoken);
/// What to write in place of a URL that is none, or of another protocol.
std::string_view url_advice(UpstreamProtocol wanted);

}  // namespace weir
