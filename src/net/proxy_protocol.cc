// Version 1 by its spaces, version 2 by its lengths; then the way back.
#include "net/proxy_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/invariant.h"
#include "base/limits.h"
#include "base/text.h"

namespace weir::proxy_protocol {
namespace {

constexpr std::string_view line_begin = "PROXY ";
constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
/// Section 2.1: the longest line, its CRLF included.
constexpr std::size_t line_bytes_max = 107;
/// Signature, version and command, family and transport, length.
constexpr std::size_t fixed_bytes = 16;
constexpr std::size_t checksum_bytes = 4;
/// Behind which the vectors of a vector of the type ssl stand: a byte of flags and a word.
constexpr std::size_t ssl_head_bytes = 5;

Parsed refused(Refusal why) {
  return {.state = Parsed::State::refused, .bytes = 0, .header = {}, .why = why};
}

Parsed whole(std::size_t bytes, Header header) {
  return {.state = Parsed::State::whole, .bytes = bytes, .header = std::move(header), .why = {}};
}

bool begins_alike(std::string_view bytes, std::string_view wanted) {
  const std::size_t count = std::min(bytes.size(), wanted.size());
  return bytes.substr(0, count) == wanted.substr(0, count);
}

// Version 1.

/// What stands before the next space, which is taken too; nothing at the end.
std::string_view next_word(std::string_view& line) {
  const std::size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  return word;
}

std::optional<IpAddress> read_address(std::string_view text, bool v6) {
  if (text.contains(':') != v6 || text.find_first_not_of("0123456789abcdefABCDEF.:") != std::string_view::npos)
    return {};
  const Result<IpAddress> address = IpAddress::parse(text);
  return address ? std::optional<IpAddress>(*address) : std::nullopt;
}

/// Without zeros in front: 0443 is octal to some.
std::optional<std::uint16_t> read_port(std::string_view text) {
  if (text.size() > 5 || (text.size() > 1 && text.front() == '0')) return {};
  const auto number = text::parse_decimal(text);
  if (!number || *number > 65535) return {};
  return static_cast<std::uint16_t>(*number);
}

/// `PROXY TCP4 192.168.0.1 192.168.0.11 56324 443`, without its beginning and its end.
std::optional<Header> read_line(std::string_view line) {
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return Header{.vectors = {}};
  if (std::ranges::count(line, ' ') != 4) return {};
  const std::string_view family = next_word(line);
  const bool v6 = family == "TCP6";
  if (!v6 && family != "TCP4") return {};
  const auto source = read_address(next_word(line), v6);
  const auto destination = read_address(next_word(line), v6);
  const auto source_port = read_port(next_word(line));
  const auto destination_port = read_port(line);
  if (!source || !destination || !source_port || !destination_port) return {};
  return Header{.version = Version::v1,
                .speaks = Speaks::for_client,
                .source = {*source, *source_port},
                .destination = {*destination, *destination_port},
                .vectors = {}};
}

Parsed parse_line(std::string_view bytes) {
  const std::string_view seen = bytes.substr(0, line_bytes_max);
  const std::size_t end = seen.find_first_of("\r\n");
  if (end == std::string_view::npos || end + 1 == line_bytes_max)
    return bytes.size() < line_bytes_max ? Parsed{} : refused(Refusal::too_long);
  if (seen[end] == '\n') return refused(Refusal::bad_line);
  if (end + 1 == bytes.size()) return {};
  if (seen[end + 1] != '\n') return refused(Refusal::bad_line);
  auto header = read_line(seen.substr(line_begin.size(), end - line_begin.size()));
  return header ? whole(end + 2, std::move(*header)) : refused(Refusal::bad_line);
}

// Version 2.

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t word_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8U | byte_at(bytes, at + 1));
}

/// Families and transports, as they stand in the two halves of a byte.
enum class Family : std::uint8_t { unspecified, inet, inet6, unix_path };
constexpr std::uint8_t families = 4;
enum class Transport : std::uint8_t { unspecified, stream, datagram };
constexpr std::uint8_t transports = 3;

/// Bytes of one address.
std::size_t address_bytes(Family family) {
  constexpr std::array<std::size_t, families> sizes{0, 4, 16, 108};
  return sizes[static_cast<std::size_t>(family)];
}

std::size_t ends_bytes(Family family) {
  const bool has_ports = family == Family::inet || family == Family::inet6;
  return 2 * address_bytes(family) + (has_ports ? 4 : 0);
}

IpAddress address_of(std::string_view bytes) {
  std::array<std::uint8_t, 16> all{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};  // where IPv4 is mapped
  std::transform(bytes.begin(), bytes.end(), all.end() - static_cast<std::ptrdiff_t>(bytes.size()),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  return IpAddress(all);
}

/// CRC-32C (RFC 4960 appendix B), bit by bit: a header is short, and seldom has one.
class Checksum {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      value_ ^= static_cast<std::uint8_t>(c);
      for (unsigned bit = 0; bit < 8; ++bit) value_ = (value_ >> 1U) ^ ((value_ & 1U) != 0 ? 0x82F63B78U : 0U);
    }
  }
  [[nodiscard]] std::uint32_t value() const { return ~value_; }

 private:
  std::uint32_t value_ = ~std::uint32_t{0};
};

/// Of the whole header, as it is when the checksum itself is zero. \param at  where that stands
std::uint32_t checksum_of(std::string_view header, std::size_t at) {
  Checksum sum;
  sum.add(header.substr(0, at));
  sum.add(std::string_view("\0\0\0\0", checksum_bytes));
  sum.add(header.substr(at + checksum_bytes));
  return sum.value();
}

bool are_vectors(std::string_view vectors) {
  Type type{};
  std::string_view value;
  while (!vectors.empty()) {
    if (!next_vector(vectors, type, value)) return false;
  }
  return true;
}

/// What is wrong with the vectors of a header, which stand at its end; nothing.
std::optional<Refusal> complaint_about_vectors(std::string_view header, std::size_t begin) {
  std::string_view left = header.substr(begin);
  std::optional<std::size_t> checksum;
  Type type{};
  std::string_view value;
  while (!left.empty()) {
    if (!next_vector(left, type, value)) return Refusal::bad_vector;
    if (type == Type::ssl && (value.size() < ssl_head_bytes || !are_vectors(value.substr(ssl_head_bytes))))
      return Refusal::bad_vector;
    if (type != Type::crc32c) continue;
    if (checksum || value.size() != checksum_bytes) return Refusal::bad_vector;
    checksum = header.size() - left.size() - checksum_bytes;
  }
  if (!checksum) return {};
  const std::uint32_t said = std::uint32_t{word_at(header, *checksum)} << 16U | word_at(header, *checksum + 2);
  return said == checksum_of(header, *checksum) ? std::optional<Refusal>() : Refusal::bad_checksum;
}

/// \param header  whole
Parsed read_binary(std::string_view header) {
  if ((byte_at(header, 12) & 0x0FU) == 0) {  // LOCAL: all behind the length is skipped, whatever it is
    return whole(header.size(), {.version = Version::v2, .speaks = Speaks::for_itself, .vectors = {}});
  }
  const unsigned family_number = byte_at(header, 13) >> 4U;
  const unsigned transport_number = byte_at(header, 13) & 0x0FU;
  if (family_number >= families || transport_number >= transports) return refused(Refusal::bad_family);
  const auto family = static_cast<Family>(family_number);
  // Nobody knows where addresses end that have no family, and where vectors would begin.
  if (family == Family::unspecified) return whole(header.size(), {.version = Version::v2, .vectors = {}});
  const std::size_t vectors = fixed_bytes + ends_bytes(family);
  if (header.size() < vectors) return refused(Refusal::bad_length);
  if (const auto why = complaint_about_vectors(header, vectors)) return refused(*why);
  Header made{.version = Version::v2, .vectors = std::string(header.substr(vectors))};
  if (family == Family::unix_path || static_cast<Transport>(transport_number) != Transport::stream)
    return whole(header.size(), std::move(made));
  const std::size_t size = address_bytes(family);
  made.speaks = Speaks::for_client;
  made.source = {address_of(header.substr(fixed_bytes, size)), word_at(header, fixed_bytes + 2 * size)};
  made.destination = {address_of(header.substr(fixed_bytes + size, size)), word_at(header, fixed_bytes + 2 * size + 2)};
  return whole(header.size(), std::move(made));
}

Parsed parse_binary(std::string_view bytes) {
  if (bytes.size() <= signature.size()) return {};
  const std::uint8_t version_and_command = byte_at(bytes, signature.size());
  if (version_and_command >> 4U != 2 || (version_and_command & 0x0FU) > 1) return refused(Refusal::bad_command);
  if (bytes.size() < fixed_bytes) return {};
  const std::size_t behind = word_at(bytes, 14);
  if (behind > limits::proxy_header_bytes) return refused(Refusal::too_long);
  return bytes.size() < fixed_bytes + behind ? Parsed{} : read_binary(bytes.substr(0, fixed_bytes + behind));
}

// The way back.

bool both_v4(const Header& header) {
  return header.source.address.is_v4() && header.destination.address.is_v4();
}

/// An IPv4 address beside one of IPv6 is written as it is mapped: TCP6 knows no dots.
std::string line_text(const IpAddress& address, bool v4) {
  if (v4 || !address.is_v4()) return address.text();
  const auto& bytes = address.bytes();
  return fmt::format("::ffff:{:x}:{:x}", bytes[12] << 8U | bytes[13], bytes[14] << 8U | bytes[15]);
}

std::string compose_line(const Header& header) {
  invariant(header.speaks != Speaks::for_itself, "version 1 of the PROXY protocol cannot say that its sender speaks");
  if (header.speaks == Speaks::for_nobody) return "PROXY UNKNOWN\r\n";
  const bool v4 = both_v4(header);
  return fmt::format("PROXY {} {} {} {} {}\r\n", v4 ? "TCP4" : "TCP6", line_text(header.source.address, v4),
                     line_text(header.destination.address, v4), header.source.port, header.destination.port);
}

void append_word(std::string& to, std::size_t word) {
  to += static_cast<char>(word >> 8U & 0xFFU);
  to += static_cast<char>(word & 0xFFU);
}

void append_address(std::string& to, const IpAddress& address, bool v4) {
  const auto& bytes = address.bytes();
  to.append(bytes.begin() + (v4 ? 12 : 0), bytes.end());
}

std::string compose_binary(const Header& header) {
  const bool has_ends = header.speaks == Speaks::for_client;
  const bool v4 = both_v4(header);
  const Family family = !has_ends ? Family::unspecified : v4 ? Family::inet : Family::inet6;
  // Where there is no family a reader may take vectors for addresses: they are left out, as they are of no client.
  const std::string_view vectors = has_ends ? std::string_view(header.vectors) : std::string_view();
  std::string made(signature);
  made += header.speaks == Speaks::for_itself ? '\x20' : '\x21';
  made += static_cast<char>(static_cast<unsigned>(family) << 4U | (has_ends ? 1U : 0U));
  append_word(made, ends_bytes(family) + vectors.size());
  if (!has_ends) return made;
  append_address(made, header.source.address, v4);
  append_address(made, header.destination.address, v4);
  append_word(made, header.source.port);
  append_word(made, header.destination.port);
  return made.append(vectors);
}

}  // namespace

std::string_view name_of(Refusal refusal) {
  switch (refusal) {
#define WEIR_PROXY_HEADER_NAME(name, sentence) \
  case Refusal::name:                          \
    return #name;
    WEIR_PROXY_HEADER_REFUSALS(WEIR_PROXY_HEADER_NAME)
#undef WEIR_PROXY_HEADER_NAME
  }
  return {};
}

std::string_view sentence_of(Refusal refusal) {
  switch (refusal) {
#define WEIR_PROXY_HEADER_SENTENCE(name, sentence) \
  case Refusal::name:                              \
    return sentence;
    WEIR_PROXY_HEADER_REFUSALS(WEIR_PROXY_HEADER_SENTENCE)
#undef WEIR_PROXY_HEADER_SENTENCE
  }
  return {};
}

Parsed parse(std::string_view first_bytes) {
  if (begins_alike(first_bytes, line_begin))
    return first_bytes.size() < line_begin.size() ? Parsed{} : parse_line(first_bytes);
  if (begins_alike(first_bytes, signature)) return parse_binary(first_bytes);
  return refused(Refusal::missing);
}

std::string compose(const Header& header) {
  return header.version == Version::v1 ? compose_line(header) : compose_binary(header);
}

void append_vector(std::string& vectors, Type type, std::string_view value) {
  invariant(value.size() <= 0xFFFF, "the length of a vector fits into two bytes");
  vectors += static_cast<char>(type);
  append_word(vectors, value.size());
  vectors += value;
}

bool next_vector(std::string_view& vectors, Type& type, std::string_view& value) {
  if (vectors.size() < vector_head_bytes) return false;
  const std::size_t bytes = word_at(vectors, 1);
  if (vectors.size() - vector_head_bytes < bytes) return false;
  type = static_cast<Type>(byte_at(vectors, 0));
  value = vectors.substr(vector_head_bytes, bytes);
  vectors.remove_prefix(vector_head_bytes + bytes);
  return true;
}

bool says_tls(const Header& header) {
  std::string_view left = header.vectors;
  Type type{};
  std::string_view value;
  while (!left.empty() && next_vector(left, type, value)) {
    if (type == Type::ssl && !value.empty() && (byte_at(value, 0) & client_ssl) != 0) return true;
  }
  return false;
}

}  // namespace weir::proxy_protocol
