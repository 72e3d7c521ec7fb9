// How `connect:` is written.
#include <fmt/format.h>

#include <charconv>

#include "contracts/schema.h"
#include "services/connect/connect.h"

namespace weir {
namespace {

/// `443`, or `8000-8010`.
bool read_ports(std::string_view text, DestinationRule& rule) {
  const auto read = [](std::string_view digits, std::uint16_t& port) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return error == std::errc{} && end == digits.data() + digits.size() && port > 0;
  };
  const std::size_t dash = text.find('-');
  if (!read(text.substr(0, dash), rule.port_first)) return false;
  rule.port_last = rule.port_first;
  return dash == std::string_view::npos ||
         (read(text.substr(dash + 1), rule.port_last) && rule.port_last >= rule.port_first);
}

}  // namespace

template <>
struct OptionType<DestinationRule> {
  static std::string name() { return "host:port"; }
  static bool read(const Node& node, const Reading& at, DestinationRule& out) {
    static constexpr std::string_view advice = "write example.com:443, \"*.example.com:443\" or 10.0.0.5:8000-8010";
    if (!option::want_scalar(node, at, "a destination such as example.com:443")) return false;
    out.place = node.place();
    const std::string_view text = node.text();
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || !read_ports(text.substr(colon + 1), out)) {
      return at.error(node, fmt::format("{} has no port that a tunnel may lead to", node.shown()), std::string(advice));
    }
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    auto pattern = HostPattern::parse(host);
    if (!pattern)
      return at.error(node, fmt::format("{}: {}", node.shown(), text_of(pattern.error())), std::string(advice));
    out.host = std::move(*pattern);
    return true;
  }
  static std::string shown(const DestinationRule& rule) { return rule.text(); }
};

namespace {

struct ConnectOptions {
  std::vector<DestinationRule> allow;
  std::vector<Cidr> private_networks;
  Duration timeout = std::chrono::seconds{10};
  Place place;

  static const Schema<ConnectOptions>& schema();
};

bool check_list(const Node& node, const Reading& at, ConnectOptions& options) {
  options.place = node.place();
  return !options.allow.empty() ||
         at.error(node, "without a list no tunnel would be opened", "write allow: [\"*.example.com:443\"]");
}

const Schema<ConnectOptions>& ConnectOptions::schema() {
  static const auto schema =
      Schema<ConnectOptions>("connect", "Opens tunnels to destinations of a list (CONNECT).")
          .option(
              "allow", &ConnectOptions::allow,
              {.doc = "Where tunnels may lead: names, *.example.com for any depth below, addresses, or *; each with "
                      "a port, or a range of them. Everything else is refused with 403.",
               .example = "[\"*.example.com:443\", git.partner.test:22]",
               .required = true})
          .option("private_networks", &ConnectOptions::private_networks,
                  {.doc = "Blocks within private, local and reserved networks in which those names may have addresses; "
                          "others of these are never connected to.",
                   .example = "[10.1.0.0/16]"})
          .option("timeout", &ConnectOptions::timeout,
                  {.doc = "Until the tunnel stands: the look-up of the name and the connect.",
                   .example = "10s",
                   .minimum = std::chrono::milliseconds{1}})
          .shorthand("allow")
          .check(&check_list);
  return schema;
}

std::unique_ptr<const Service> build(const Node& options, BuildContext& context) {
  auto read = ConnectOptions::schema().read(options, Reading(context.diagnostics, context.path));
  if (!read) return nullptr;
  return std::make_unique<Connect>(
      DestinationRules{
          .allow = std::move(read->allow), .private_networks = std::move(read->private_networks), .place = read->place},
      read->timeout);
}

}  // namespace

const ServiceKind& connect_service() {
  static constexpr ServiceKind kind{
      .name = "connect", .schema = &schema_of<ConnectOptions>, .build = &build, .opens_tunnels = true};
  return kind;
}

}  // namespace weir
