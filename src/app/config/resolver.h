// The section `resolver`: who is asked for the addresses of upstreams' names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "contracts/schema.h"
#include "runtime/socket_address.h"

namespace weir::config {

struct ResolverDocument {
  enum class Use : std::uint8_t { dns, system };
  Use use = Use::dns;
  std::vector<SocketAddress> servers;
  std::optional<std::vector<std::string>> search;  ///< canonical
  std::optional<Duration> timeout;
  std::optional<std::uint32_t> attempts;
  std::string resolver_file = "/etc/resolv.conf";
  std::string hosts_file = "/etc/hosts";  ///< empty: none
};

const Schema<ResolverDocument>& resolver_schema();

/// `_http._tcp.shop.internal`, as endpoints name a service. \returns the complaint; empty when it is one
std::string service_complaint(const std::string& name);

}  // namespace weir::config
