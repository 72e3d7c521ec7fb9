// Addresses as people write them: 10.0.0.1:8080, [::1]:80, :8080, unix:/run/app.sock, 10.0.0.0/8.
//
// Newtypes keep the two ends apart: a ClientAddress can never be passed where an UpstreamAddress is meant.
// IPv4 is held as IPv4-mapped IPv6, so that 10.0.0.1 and ::ffff:10.0.0.1 are one client to every rule.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/socket_address.h"

namespace weir {

class IpAddress {
 public:
  IpAddress() = default;
  explicit IpAddress(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}

  /// Dotted or colon form, without port, brackets or zone.
  static Result<IpAddress> parse(std::string_view text);
  /// The IP part of a socket address; the unspecified address :: for unix sockets.
  static IpAddress of(const SocketAddress& address);

  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] bool is_loopback() const;
  /// 0.0.0.0 or ::, which stand for every address of the machine.
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  /// Canonical text: dotted for IPv4, RFC 5952 for IPv6.
  [[nodiscard]] std::string text() const;
  /// The same, written to where text_bytes_max bytes have room. \returns  the place behind it
  char* write(char* to) const;
  static constexpr std::size_t text_bytes_max = 46;  ///< INET6_ADDRSTRLEN, its zero included

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

/// The part of an address that is one client: the first bits of an IPv6 address, whose network has more addresses than
/// anybody can count; IPv4 whole.
IpAddress counted_part(const IpAddress& address, unsigned ipv6_prefix);
/// As people write it: `192.0.2.7`, `2001:db8::/64`.
std::string counted_part_text(const IpAddress& address, unsigned ipv6_prefix);

/// A block of addresses: 10.0.0.0/8, 2001:db8::/32, or one address.
class Cidr {
 public:
  /// Host bits beyond the prefix must be zero: 10.0.0.1/8 is more likely a mistake than a wish.
  static Result<Cidr> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] unsigned prefix_bits() const { return bits_; }

  friend bool operator==(const Cidr&, const Cidr&) = default;

 private:
  IpAddress network_;
  std::uint8_t bits_ = 128;  // of the 16-byte form: an IPv4 /8 is 104
};

bool contains(const std::vector<Cidr>& blocks, const IpAddress& address);

/// Who a request comes from. `peer` is the other end of the socket; `address` the client it speaks for, which differs
/// only behind trusted proxies.
struct ClientAddress {
  IpAddress address;
  IpAddress peer;
  std::uint16_t peer_port = 0;
  bool over_unix = false;
};

/// Where an endpoint listens, resolved.
struct UpstreamAddress {
  SocketAddress address;
  friend bool operator==(const UpstreamAddress&, const UpstreamAddress&) = default;
};

/// An address as configured: literal (ready to use) or with a name that has to be resolved.
struct Endpoint {
  std::string host;  ///< name or literal; empty for unix and for ":8080"; of a service its name: _http._tcp.shop.test
  std::uint16_t port = 0;
  std::string unix_path;
  bool service = false;  ///< DNS tells hosts and ports (SRV, RFC 2782)

  [[nodiscard]] bool is_unix() const { return !unix_path.empty(); }
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// Parses `host:port`, `[v6]:port`, `:port`, `unix:/path`.
/// \param default_port  used when none is written; 0 = it must be
Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port = 0);
/// The socket address of a literal endpoint (an empty host is every address, by ::); resolve_failed for names.
Result<SocketAddress> socket_address(const Endpoint& endpoint);
SocketAddress socket_address(const IpAddress& ip, std::uint16_t port);
/// `127.0.0.1:8080`, `[::1]:80`, `unix:/run/x`.
std::string text_of(const SocketAddress& address);
/// Of a unix address; lives as long as the address.
const char* unix_path_of(const SocketAddress& address);
std::uint16_t port_of(const SocketAddress& address);

}  // namespace weir
