// How the section `resolver` is written.
#include "app/config/resolver.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "net/address.h"
#include "net/dns/name.h"

namespace weir::config {
namespace {

constexpr std::uint16_t dns_port = 53;

/// Whether a list is not longer than it may be.
bool fits(const Node& node, const Reading& reading, std::size_t most) {
  return node.items().size() <= most || reading.error(node, fmt::format("there may be {} at most", most));
}

bool read_servers(const Node& node, const Reading& reading, ResolverDocument& out) {
  std::vector<std::string> texts;
  if (!OptionType<std::vector<std::string>>::read(node, reading, texts)) return false;
  for (const std::string& text : texts) {
    const Result<Endpoint> endpoint = parse_endpoint(text, dns_port);
    const Result<SocketAddress> address = endpoint && !endpoint->is_unix() && !endpoint->host.empty()
                                              ? socket_address(*endpoint)
                                              : fail(gateway_error(Code::resolve_failed));
    if (!address)
      return reading.error(node, fmt::format("\"{}\" is no address of a name server", text), "write 10.0.0.2");
    out.servers.push_back(*address);
  }
  return fits(node, reading, limits::dns_servers);
}

bool read_search(const Node& node, const Reading& reading, ResolverDocument& out) {
  std::vector<std::string> domains;
  if (!OptionType<std::vector<std::string>>::read(node, reading, domains)) return false;
  for (std::string& domain : domains) {
    auto name = dns::canonical_name(domain);
    if (!name) return reading.error(node, fmt::format("\"{}\" is no name of a domain", domain));
    domain = std::move(*name);
  }
  out.search = std::move(domains);
  return fits(node, reading, limits::dns_search);
}

std::string file_complaint(const std::string& path) {
  return path.starts_with('/') ? "" : "is not a path from the root";
}
std::string hosts_complaint(const std::string& path) {
  return path == "off" ? "" : file_complaint(path);
}

}  // namespace

const Schema<ResolverDocument>& resolver_schema() {
  static const auto schema =
      Schema<ResolverDocument>("resolver", "Who is asked for the addresses of upstreams' names. Read at start.")
          .choice("use", &ResolverDocument::use,
                  {{"dns", ResolverDocument::Use::dns}, {"system", ResolverDocument::Use::system}},
                  {.doc = "dns: name servers, by Weir itself, with times to live and services (SRV). system: "
                          "getaddrinfo(3) and all that nsswitch.conf says.",
                   .example = "system"})
          .custom("servers", "list of address", read_servers,
                  {.doc = "Name servers, asked one after the other; those of resolver_file when there are none.",
                   .example = "[10.0.0.2, \"10.0.0.3:5353\"]"})
          .custom("search", "list of text", read_search,
                  {.doc = "Domains in which short names are looked for, in place of those of resolver_file.",
                   .example = "[prod.internal]"})
          .option(
              "timeout", &ResolverDocument::timeout,
              {.doc = "How long one server has for one question: what resolver_file says, or 2s.", .example = "500ms"})
          .option("attempts", &ResolverDocument::attempts,
                  {.doc = "Rounds through all servers: what resolver_file says, or 2.", .example = "2"})
          .option("resolver_file", &ResolverDocument::resolver_file,
                  {.doc = "Where servers and search list stand, watched.",
                   .example = "/run/resolv.conf",
                   .complaint = file_complaint})
          .option("hosts_file", &ResolverDocument::hosts_file,
                  {.doc = "Names that no server is asked about, watched; or off.",
                   .example = "/etc/hosts",
                   .complaint = hosts_complaint})
          .shorthand("use");
  return schema;
}

std::string service_complaint(const std::string& name) {
  const bool is_service = name.starts_with('_') && name.find("._") != std::string::npos && dns::canonical_name(name);
  return name.empty() || is_service ? "" : "is no name of a service; write _http._tcp.shop.internal";
}

}  // namespace weir::config
