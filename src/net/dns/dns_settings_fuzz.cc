// Any bytes as resolv.conf and as a hosts file: bounds hold, and what is kept is canonical.
#include <string_view>

#include "base/testing/fuzz.h"
#include "net/dns/name.h"
#include "net/dns/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace weir::dns;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Settings settings;
  read_resolver_file(text, settings);
  read_hosts_file(text, settings);
  weir::demand(!settings.servers.empty() && settings.servers.size() <= weir::limits::dns_servers);
  weir::demand(settings.search.size() <= weir::limits::dns_search && settings.attempts >= 1);
  weir::demand(settings.timeout > weir::Duration::zero());
  for (const auto& [name, addresses] : settings.hosts) {
    weir::demand(canonical_name(name) == name);
    weir::demand(local_addresses(name, settings) == &addresses);
  }
  for (const std::string& name : candidates_for(text.substr(0, 40), settings))
    weir::demand(canonical_name(name) == name);
  return 0;
}
