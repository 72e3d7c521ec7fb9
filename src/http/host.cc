// Reads host[:port], strictly.
//
// Idea: a name is looked through once; it is copied only when a letter must be lowered or a trailing dot dropped.
// A comma is refused although reg-name would allow it: it is what two Host lines look like after a sender joined them.
#include "http/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "base/text.h"

namespace weir {
namespace {

/// A name is at most 255 bytes (RFC 1035 section 2.3.4).
constexpr std::size_t host_bytes_max = 255;

constexpr bool is_upper_case(char c) {
  return c >= 'A' && c <= 'Z';
}

// What a byte does to a name, in bits, so that a name is looked through without a branch for each of its bytes.
constexpr unsigned refused_byte = 1;
constexpr unsigned upper_case = 2;
constexpr unsigned dot = 4;

constexpr std::array<std::uint8_t, 256> host_bytes = [] {
  std::array<std::uint8_t, 256> table{};
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool mark = std::string_view("-._~!$&'()*+;=").find(c) != std::string_view::npos && c != 0;
    const bool good = mark || text::is_alpha(c) || text::is_digit(c);
    table[static_cast<std::size_t>(byte)] = static_cast<std::uint8_t>(!good              ? refused_byte
                                                                      : is_upper_case(c) ? upper_case
                                                                      : c == '.'         ? dot
                                                                                         : 0);
  }
  return table;
}();

struct HostForm {
  bool good = false;
  bool has_upper_case = false;
};

HostForm form_of_ipv6(std::string_view address) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (address.size() >= terminated.size() || address.find('\0') != std::string_view::npos) return {};
  std::memcpy(terminated.data(), address.data(), address.size());
  in6_addr parsed;
  return {.good = inet_pton(AF_INET6, terminated.data(), &parsed) == 1,
          .has_upper_case = std::ranges::any_of(address, is_upper_case)};
}

/// A good name is one or more labels, none empty.
HostForm form_of_name(std::string_view name) {
  if (name.empty() || name.size() > host_bytes_max) return {};
  unsigned seen = 0;
  unsigned before = dot;
  unsigned empty_label = 0;
  for (const char c : name) {
    const unsigned is = host_bytes[static_cast<unsigned char>(c)];
    seen |= is;
    empty_label |= is & before;
    before = is;
  }
  empty_label |= before;
  return {.good = (seen & refused_byte) == 0 && (empty_label & dot) == 0, .has_upper_case = (seen & upper_case) != 0};
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  // No leading zeros: "80" and "080" would be one port and two authorities.
  if (digits.size() > 5 || (digits.size() > 1 && digits.front() == '0')) return {};
  const std::optional<std::uint64_t> port = text::parse_decimal(digits);
  if (!port || *port > 65535) return {};
  return static_cast<std::uint16_t>(*port);
}

}  // namespace

Result<Authority> parse_authority(std::string_view text, Arena& arena) {
  const Failure refused = fail(client_error(Code::bad_host));
  const bool bracketed = text.starts_with('[');
  const std::size_t host_end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && host_end == std::string_view::npos) return refused;
  std::string_view host = bracketed ? text.substr(1, host_end - 1) : text.substr(0, host_end);
  std::string_view after = bracketed ? text.substr(host_end + 1) : text.substr(std::min(host_end, text.size()));
  const bool trailing_dot = !bracketed && host.ends_with('.');
  if (trailing_dot) host.remove_suffix(1);
  const HostForm form = bracketed ? form_of_ipv6(host) : form_of_name(host);
  if (!form.good) return refused;

  Authority authority;
  if (!after.empty()) {
    if (after.front() != ':') return refused;
    authority.port = parse_port(after.substr(1));
    if (!authority.port) return refused;
  }
  authority.text = text;
  if (trailing_dot) authority.text = arena.join(host, after);
  if (form.has_upper_case) {
    if (!trailing_dot) authority.text = arena.copy(text);
    // The copy is ours alone until it is handed out.
    for (char& c : std::span(const_cast<char*>(authority.text.data()), authority.text.size())) c = text::lower(c);
  }
  authority.host = authority.text.substr(bracketed ? 1 : 0, host.size());
  return authority;
}

}  // namespace weir
