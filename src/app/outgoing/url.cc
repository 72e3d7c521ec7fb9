// Scheme, server, target.
#include "app/outgoing/url.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "http/host.h"

namespace weir {
namespace {

constexpr std::string_view plain_scheme = "http://";
constexpr std::string_view secured_scheme = "https://";

std::uint16_t own_port(bool secured) {
  return secured ? 443 : 80;
}

bool stands_in_urls(char c) {
  return c > 0x20 && c < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\' && c != '#';
}

}  // namespace

std::string Url::authority() const {
  if (server.port != own_port(secured)) return server.text();
  return server.host.contains(':') ? "[" + server.host + "]" : server.host;
}

std::string Url::text() const {
  return std::string(secured ? secured_scheme : plain_scheme) + authority() + target;
}

std::optional<Url> parse_url(std::string_view text) {
  if (text.size() > limits::outgoing_url_bytes || !std::ranges::all_of(text, &stands_in_urls)) return {};
  Url url;
  const auto begins = [&](std::string_view scheme) {
    return text.size() >= scheme.size() && text::equal_ignoring_case(text.substr(0, scheme.size()), scheme);
  };
  url.secured = begins(secured_scheme);
  if (!url.secured && !begins(plain_scheme)) return {};
  text.remove_prefix(url.secured ? secured_scheme.size() : plain_scheme.size());
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  const std::string_view server = text.substr(0, end);
  if (server.empty() || server.starts_with(':') || server.starts_with("unix") || server.contains('@')) return {};
  const auto endpoint = parse_endpoint(server, own_port(url.secured));
  if (!endpoint || endpoint->host.empty() || endpoint->is_unix()) return {};
  url.server = *endpoint;
  url.server.host = text::to_lower(url.server.host);
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  return url;
}

std::string url_complaint(const std::string& text) {
  return parse_url(text) ? "" : "is not an absolute URL such as https://ca.internal/directory";
}

}  // namespace weir
