// The schemes there are, and what each leads to.
#include "app/upstream_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weir {
namespace {

constexpr WantedUpstream requests{};
constexpr std::array url_kinds{UrlKind{requests, "http:", 80}, UrlKind{requests, "https:", 443},
                               UrlKind{{.speaks = UpstreamProtocol::fastcgi}, "fastcgi:", 9000},
                               UrlKind{{.raw = RawKind::tcp}, "tcp:", 0}, UrlKind{{.raw = RawKind::udp}, "udp:", 0}};

}  // namespace

const UrlKind* url_kind_of(std::string_view text) {
  const auto* const found =
      std::ranges::find_if(url_kinds, [&](const UrlKind& kind) { return text.starts_with(kind.scheme); });
  return found == url_kinds.end() ? nullptr : found;
}

bool is_url(std::string_view text) {
  return text.starts_with("unix:") || url_kind_of(text) != nullptr;
}

std::string key_of(std::string_view url, const WantedUpstream& wanted) {
  const bool apart = wanted != requests && url.starts_with("unix:");
  return apart ? fmt::format("{}:{}", wanted.word(), url) : std::string(url);
}

std::string_view name_prefix_of(RawKind raw) {
  if (raw == RawKind::none) return "";
  return raw == RawKind::tcp ? "tcp://" : "udp://";
}

std::string_view url_advice(const WantedUpstream& wanted) {
  if (wanted.raw == RawKind::udp) return "write udp://host:port";
  if (wanted.speaks == UpstreamProtocol::fastcgi) return "write fastcgi://host:port or unix:/path";
  if (wanted.raw == RawKind::tcp) return "write tcp://host:port or unix:/path";
  return "write http://host:port; paths are the rewrite filter's";
}

}  // namespace weir
