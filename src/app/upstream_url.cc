// The schemes there are, and what each leads to.
#include "app/upstream_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weir {
namespace {

constexpr std::array url_kinds{UrlKind{UpstreamProtocol::http, "http:", 80},
                               UrlKind{UpstreamProtocol::http, "https:", 443},
                               UrlKind{UpstreamProtocol::fastcgi, "fastcgi:", 9000},
                               UrlKind{UpstreamProtocol::tcp, "tcp:", 0}, UrlKind{UpstreamProtocol::udp, "udp:", 0}};

}  // namespace

const UrlKind* url_kind_of(std::string_view text) {
  const auto* const found =
      std::ranges::find_if(url_kinds, [&](const UrlKind& kind) { return text.starts_with(kind.scheme); });
  return found == url_kinds.end() ? nullptr : found;
}

bool is_url(std::string_view text) {
  return text.starts_with("unix:") || url_kind_of(text) != nullptr;
}

std::string key_of(std::string_view url, UpstreamProtocol wanted) {
  const bool apart = wanted != UpstreamProtocol::http && url.starts_with("unix:");
  return apart ? fmt::format("{}:{}", name_of(wanted), url) : std::string(url);
}

std::string_view name_prefix_of(UpstreamProtocol spoken) {
  if (spoken == UpstreamProtocol::tcp) return "tcp://";
  return spoken == UpstreamProtocol::udp ? "udp://" : "";
}

std::string_view url_advice(UpstreamProtocol wanted) {
  switch (wanted) {
    case UpstreamProtocol::http:
    case UpstreamProtocol::h2c:
      break;
    case UpstreamProtocol::fastcgi:
      return "write fastcgi://host:port or unix:/path";
    case UpstreamProtocol::tcp:
      return "write tcp://host:port or unix:/path";
    case UpstreamProtocol::udp:
      return "write udp://host:port";
  }
  return "write http://host:port; paths are the rewrite filter's";
}

}  // namespace weir
