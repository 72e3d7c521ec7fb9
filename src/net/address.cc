// Parsing and printing addresses.
#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/text.h"

namespace weir {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

/// One of the four numbers of an IPv4 address, as text.
struct DecimalByte {
  std::array<char, 3> text{};
  std::uint8_t size = 0;
};

constexpr auto decimal_bytes = [] {
  std::array<DecimalByte, 256> table{};
  for (unsigned byte = 0; byte < table.size(); ++byte) {
    for (unsigned divisor = byte >= 100 ? 100 : byte >= 10 ? 10 : 1; divisor > 0; divisor /= 10) {
      table[byte].text[table[byte].size++] = static_cast<char>('0' + byte / divisor % 10);
    }
  }
  return table;
}();

IpAddress mapped(const in_addr& v4) {
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(mapped_prefix, bytes.begin());
  std::memcpy(bytes.data() + mapped_prefix.size(), &v4, sizeof(v4));
  return IpAddress(bytes);
}

Failure bad_address(const char* why) {
  return fail(gateway_error(Code::configuration_invalid, why));
}

Result<std::uint16_t> parse_port(std::string_view text) {
  const auto number = text::parse_decimal(text);
  if (!number || *number > 65535) return bad_address("a port is a number from 0 to 65535");
  return static_cast<std::uint16_t>(*number);
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  if (in_addr v4{}; inet_pton(AF_INET, terminated.c_str(), &v4) == 1) return mapped(v4);
  if (in6_addr v6{}; inet_pton(AF_INET6, terminated.c_str(), &v6) == 1) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6, bytes.size());
    return IpAddress(bytes);
  }
  return bad_address("not an IPv4 or IPv6 address");
}

IpAddress IpAddress::of(const SocketAddress& address) {
  if (address.family() == AF_INET) return mapped(reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr);
  if (address.family() == AF_INET6) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr, bytes.size());
    return IpAddress(bytes);
  }
  return {};
}

bool IpAddress::is_v4() const {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes_.begin());
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes_[12] == 127;
  static constexpr std::array<std::uint8_t, 16> loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return bytes_ == loopback;
}

bool IpAddress::is_unspecified() const {
  const std::size_t from = is_v4() ? mapped_prefix.size() : 0;
  return std::all_of(bytes_.begin() + from, bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::string IpAddress::text() const {
  std::array<char, text_bytes_max> buffer;
  return {buffer.data(), write(buffer.data())};
}

// IPv4 is written by hand: it goes into every forwarded request and every log line, and inet_ntop() goes through printf
// (1.2 % of a request).
char* IpAddress::write(char* to) const {
  static_assert(text_bytes_max >= INET6_ADDRSTRLEN);
  if (!is_v4()) {
    inet_ntop(AF_INET6, bytes_.data(), to, text_bytes_max);
    return to + std::strlen(to);
  }
  for (std::size_t at = mapped_prefix.size(); at < bytes_.size(); ++at) {
    const DecimalByte& decimal = decimal_bytes[bytes_[at]];
    std::memcpy(to, decimal.text.data(), decimal.text.size());
    to += decimal.size;
    *to++ = '.';
  }
  return to - 1;
}

Result<Cidr> Cidr::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  Cidr block;
  TRY(block.network_, IpAddress::parse(text.substr(0, slash)));
  const unsigned offset = block.network_.is_v4() ? 96 : 0;
  if (slash == std::string_view::npos) return block;
  const auto bits = text::parse_decimal(text.substr(slash + 1));
  if (!bits || *bits + offset > 128) return bad_address("the prefix length is a number up to 32 (IPv4) or 128 (IPv6)");
  block.bits_ = static_cast<std::uint8_t>(*bits + offset);
  for (unsigned bit = block.bits_; bit < 128; ++bit) {
    if ((block.network_.bytes()[bit / 8] >> (7 - bit % 8) & 1) != 0) {
      return bad_address("the address has bits set beyond its prefix");
    }
  }
  return block;
}

bool Cidr::contains(const IpAddress& address) const {
  const unsigned whole = bits_ / 8;
  if (std::memcmp(network_.bytes().data(), address.bytes().data(), whole) != 0) return false;
  const unsigned rest = bits_ % 8;
  if (rest == 0) return true;
  const unsigned mask = 0xFFU << (8 - rest);
  return ((network_.bytes()[whole] ^ address.bytes()[whole]) & mask) == 0;
}

std::string Cidr::text() const {
  return fmt::format("{}/{}", network_.text(), network_.is_v4() && bits_ >= 96 ? bits_ - 96 : bits_);
}

IpAddress counted_part(const IpAddress& address, unsigned ipv6_prefix) {
  if (address.is_v4()) return address;
  std::array<std::uint8_t, 16> bytes = address.bytes();
  for (unsigned at = 0; at < bytes.size(); ++at) {
    const unsigned kept = std::clamp(static_cast<int>(ipv6_prefix) - static_cast<int>(8 * at), 0, 8);
    bytes[at] &= static_cast<std::uint8_t>(0xFF00U >> kept);
  }
  return IpAddress(bytes);
}

std::string counted_part_text(const IpAddress& address, unsigned ipv6_prefix) {
  if (address.is_v4() || ipv6_prefix == 128) return address.text();
  return fmt::format("{}/{}", counted_part(address, ipv6_prefix).text(), ipv6_prefix);
}

bool contains(const std::vector<Cidr>& blocks, const IpAddress& address) {
  return std::ranges::any_of(blocks, [&](const Cidr& block) { return block.contains(address); });
}

std::string Endpoint::text() const {
  if (is_unix()) return "unix:" + unix_path;
  if (service) return "srv:" + host;
  return host.find(':') != std::string::npos ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) {
  Endpoint endpoint;
  if (text.starts_with("unix:")) {
    endpoint.unix_path = text.substr(5);
    if (endpoint.unix_path.empty()) return bad_address("unix: needs a path");
    if (endpoint.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
      return bad_address("a unix socket path has at most 107 bytes");
    }
    return endpoint;
  }
  std::string_view rest = text;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return bad_address("'[' without ']'");
    endpoint.host = rest.substr(1, close - 1);
    TRY_VOID(IpAddress::parse(endpoint.host));
    rest.remove_prefix(close + 1);
    if (!rest.empty() && rest.front() != ':') return bad_address("after ']' comes a port");
  } else {
    const std::size_t colon = rest.find(':');
    if (colon != std::string_view::npos && rest.find(':', colon + 1) != std::string_view::npos) {
      return bad_address("an IPv6 address stands in brackets: [::1]:8080");
    }
    endpoint.host = rest.substr(0, colon);
    rest.remove_prefix(std::min(colon, rest.size()));
  }
  if (rest.empty()) {
    if (default_port == 0) return bad_address("a port is missing: host:port");
    endpoint.port = default_port;
    return endpoint;
  }
  TRY(endpoint.port, parse_port(rest.substr(1)));
  return endpoint;
}

Result<SocketAddress> socket_address(const Endpoint& endpoint) {
  if (endpoint.is_unix()) {
    SocketAddress address;
    auto& unix_address = reinterpret_cast<sockaddr_un&>(address.storage);
    unix_address.sun_family = AF_UNIX;
    std::memcpy(unix_address.sun_path, endpoint.unix_path.data(), endpoint.unix_path.size());
    address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + endpoint.unix_path.size() + 1);
    return address;
  }
  if (endpoint.host.empty()) return socket_address(IpAddress(), endpoint.port);
  const auto ip = IpAddress::parse(endpoint.host);
  if (!ip) return fail(gateway_error(Code::resolve_failed, "a name has to be resolved first"));
  return socket_address(*ip, endpoint.port);
}

SocketAddress socket_address(const IpAddress& ip, std::uint16_t port) {
  SocketAddress address;
  if (ip.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.bytes().data() + mapped_prefix.size(), sizeof(v4.sin_addr));
    address.length = sizeof(v4);
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, ip.bytes().data(), sizeof(v6.sin6_addr));
    address.length = sizeof(v6);
  }
  return address;
}

std::uint16_t port_of(const SocketAddress& address) {
  if (address.family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(address.raw())->sin_port);
  if (address.family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_port);
  return 0;
}

const char* unix_path_of(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_un*>(address.raw())->sun_path;
}

std::string text_of(const SocketAddress& address) {
  if (address.family() == AF_UNIX) return std::string("unix:") + unix_path_of(address);
  const IpAddress ip = IpAddress::of(address);
  return fmt::format("{}{}{}:{}", ip.is_v4() ? "" : "[", ip.text(), ip.is_v4() ? "" : "]", port_of(address));
}

}  // namespace weir
