// Headers as the specification has them and as others send them; cut anywhere; and each way to be wrong.
#include "net/proxy_protocol.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace weir::proxy_protocol {
namespace {

using namespace std::string_literals;
using State = Parsed::State;

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
// 192.168.0.1:56324 to 192.168.0.11:443
const std::string ends_v4 = "\xC0\xA8\x00\x01\xC0\xA8\x00\x0B\xDC\x04\x01\xBB"s;

/// A binary header. \param length  that it says; as long as `rest` when not given
std::string binary(std::string_view command_and_family, const std::string& rest, int length = -1) {
  const std::size_t said = length < 0 ? rest.size() : static_cast<std::size_t>(length);
  return signature + std::string(command_and_family) + static_cast<char>(said >> 8U) + static_cast<char>(said & 0xFFU) +
         rest;
}

Refusal why_of(std::string_view bytes) {
  const Parsed parsed = parse(bytes);
  EXPECT_EQ(parsed.state, State::refused) << bytes;
  return parsed.why;
}

End end(std::string_view address, std::uint16_t port) {
  return {*IpAddress::parse(address), port};
}

/// The header, which is whole exactly when its last byte has come, whatever follows.
Header read(const std::string& bytes) {
  for (std::size_t count = 0; count < bytes.size(); ++count) {
    EXPECT_EQ(parse(std::string_view(bytes).substr(0, count)).state, State::more) << count;
  }
  for (const std::string_view behind : {"", "GET / HTTP/1.1\r\n", "PROXY UNKNOWN\r\n", "\n"}) {
    const Parsed parsed = parse(bytes + std::string(behind));
    EXPECT_EQ(parsed.state, State::whole) << behind << ' ' << name_of(parsed.why);
    EXPECT_EQ(parsed.bytes, bytes.size());
  }
  return parse(bytes).header;
}

TEST(ProxyProtocol, line_names_both_ends) {
  const Header header = read("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n");
  EXPECT_EQ(header.version, Version::v1);
  EXPECT_EQ(header.speaks, Speaks::for_client);
  EXPECT_EQ(header.source, end("192.168.0.1", 56324));
  EXPECT_EQ(header.destination, end("192.168.0.11", 443));
  const Header v6 = read("PROXY TCP6 2001:DB8::1 ::1 0 65535\r\n");
  EXPECT_EQ(v6.source, end("2001:db8::1", 0));
  EXPECT_EQ(v6.destination, end("::1", 65535));
}

TEST(ProxyProtocol, line_of_unknown_names_nobody_whatever_stands_behind) {
  EXPECT_EQ(read("PROXY UNKNOWN\r\n").speaks, Speaks::for_nobody);
  const std::string worst =
      "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";
  ASSERT_EQ(worst.size(), 107U);  // the longest that must be taken (section 2.1)
  EXPECT_EQ(read(worst).speaks, Speaks::for_nobody);
}

TEST(ProxyProtocol, line_is_read_strictly) {
  for (const std::string& bad : {"TCP4 1.2.3.4 5.6.7.8 1 2 "s,
                                 "TCP4  1.2.3.4 5.6.7.8 1 2"s,
                                 " TCP4 1.2.3.4 5.6.7.8 1 2"s,
                                 "TCP4 1.2.3.4 5.6.7.8 1"s,
                                 "TCP4 1.2.3.4 5.6.7.8 1 2 3"s,
                                 "TCP4 1.2.3.4 5.6.7.8 01 2"s,
                                 "TCP4 1.2.3.4 5.6.7.8 1 65536"s,
                                 "TCP4 1.2.3.4 5.6.7.8 1 +2"s,
                                 "TCP4 1.2.3.4 5.6.7.8 1 -2"s,
                                 "TCP4 1.2.3.4 5.6.7.8  2"s,
                                 "TCP4 01.2.3.4 5.6.7.8 1 2"s,
                                 "TCP4 1.2.3 5.6.7.8 1 2"s,
                                 "TCP4 1.2.3.256 5.6.7.8 1 2"s,
                                 "TCP4 ::1 ::1 1 2"s,
                                 "TCP6 1.2.3.4 5.6.7.8 1 2"s,
                                 "TCP6 ::1%lo ::1 1 2"s,
                                 "TCP6 [::1] ::1 1 2"s,
                                 "TCP5 1.2.3.4 5.6.7.8 1 2"s,
                                 "tcp4 1.2.3.4 5.6.7.8 1 2"s,
                                 "UDP4 1.2.3.4 5.6.7.8 1 2"s,
                                 "UNKNOWNS"s,
                                 "unknown"s,
                                 ""s,
                                 "TCP4 1.2.3.4\0 5.6.7.8 1 2"s,
                                 "TCP4\t1.2.3.4 5.6.7.8 1 2"s}) {
    EXPECT_EQ(why_of("PROXY " + bad + "\r\n"), Refusal::bad_line) << bad;
  }
}

TEST(ProxyProtocol, line_ends_in_both_and_in_time) {
  EXPECT_EQ(why_of("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n"), Refusal::bad_line);
  EXPECT_EQ(why_of("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rG"), Refusal::bad_line);
  EXPECT_EQ(why_of("PROXY UNKNOWN\n\r\n"), Refusal::bad_line);
  const std::string endless = "PROXY UNKNOWN " + std::string(200, 'a');
  for (std::size_t count = 0; count < 107; ++count) EXPECT_EQ(parse(endless.substr(0, count)).state, State::more);
  EXPECT_EQ(why_of(endless.substr(0, 107)), Refusal::too_long);
  EXPECT_EQ(why_of(endless.substr(0, 106) + "\r\n"), Refusal::too_long);
}

TEST(ProxyProtocol, binary_header_names_both_ends) {
  const Header header = read(binary("\x21\x11", ends_v4));
  EXPECT_EQ(header.version, Version::v2);
  EXPECT_EQ(header.speaks, Speaks::for_client);
  EXPECT_EQ(header.source, end("192.168.0.1", 56324));
  EXPECT_EQ(header.destination, end("192.168.0.11", 443));
  const Header v6 =
      read(binary("\x21\x21", std::string(15, '\0') + "\x01" + std::string(15, '\0') + "\x02\x00\x50\x01\xBB"s));
  EXPECT_EQ(v6.source, end("::1", 80));
  EXPECT_EQ(v6.destination, end("::2", 443));
}

TEST(ProxyProtocol, local_is_taken_whatever_it_carries) {
  EXPECT_EQ(read(binary("\x20\x00"s, "")).speaks, Speaks::for_itself);
  EXPECT_EQ(read(binary("\x20\xFF", "anything")).speaks, Speaks::for_itself);
  EXPECT_TRUE(read(binary("\x20\x11", ends_v4)).vectors.empty());
}

TEST(ProxyProtocol, addresses_of_no_use_name_nobody) {
  EXPECT_EQ(read(binary("\x21\x00"s, "whatever")).speaks, Speaks::for_nobody);
  EXPECT_EQ(read(binary("\x21\x31", std::string(216, 'x'))).speaks, Speaks::for_nobody);  // unix
  EXPECT_EQ(read(binary("\x21\x12", ends_v4)).speaks, Speaks::for_nobody);                // UDP
  EXPECT_EQ(read(binary("\x21\x10", ends_v4)).speaks, Speaks::for_nobody);
}

TEST(ProxyProtocol, binary_header_is_read_strictly) {
  EXPECT_EQ(why_of(binary("\x11\x11", ends_v4)), Refusal::bad_command);
  EXPECT_EQ(why_of(binary("\x31\x11", ends_v4)), Refusal::bad_command);
  EXPECT_EQ(why_of(binary("\x22\x11", ends_v4)), Refusal::bad_command);
  EXPECT_EQ(why_of(binary("\x21\x41", ends_v4)), Refusal::bad_family);
  EXPECT_EQ(why_of(binary("\x21\x13", ends_v4)), Refusal::bad_family);
  EXPECT_EQ(why_of(binary("\x21\x11", ends_v4.substr(1))), Refusal::bad_length);
  EXPECT_EQ(why_of(binary("\x21\x21", ends_v4)), Refusal::bad_length);
  EXPECT_EQ(why_of(binary("\x21\x31", std::string(215, 'x'))), Refusal::bad_length);
}

TEST(ProxyProtocol, length_is_bounded_before_the_rest_is_waited_for) {
  constexpr int most = limits::proxy_header_bytes;
  EXPECT_EQ(parse(binary("\x21\x11", "", most)).state, State::more);
  EXPECT_EQ(why_of(binary("\x21\x11", "", most + 1)), Refusal::too_long);
  EXPECT_EQ(why_of(binary("\x20\x00"s, "", most + 1)), Refusal::too_long);
}

TEST(ProxyProtocol, whatever_begins_otherwise_is_refused_with_its_first_wrong_byte) {
  EXPECT_EQ(parse("").state, State::more);
  for (const std::string& begin : {signature, "PROXY "s}) {
    for (std::size_t count = 0; count < begin.size(); ++count) {
      std::string other = begin.substr(0, count + 1);
      other.back() ^= 0x20;
      EXPECT_EQ(why_of(other), Refusal::missing) << count;
    }
  }
  EXPECT_EQ(why_of("GET / HTTP/1.1\r\n"), Refusal::missing);
  EXPECT_EQ(why_of("\x16\x03\x01"), Refusal::missing);
}

TEST(ProxyProtocol, vectors_are_kept_and_must_be_whole) {
  std::string vectors;
  append_vector(vectors, Type::authority, "shop.test");
  append_vector(vectors, static_cast<Type>(0xEA), "");
  EXPECT_EQ(read(binary("\x21\x11", ends_v4 + vectors)).vectors, vectors);
  for (std::size_t count = 1; count < vectors.size(); ++count) {
    if (count == 12) continue;  // the first alone is whole
    EXPECT_EQ(why_of(binary("\x21\x11", ends_v4 + vectors.substr(0, count))), Refusal::bad_vector) << count;
  }
}

TEST(ProxyProtocol, checksum_is_checked_where_there_is_one) {
  // CRC-32C of the whole header with the checksum as zero; computed by hand from RFC 4960 appendix B.
  const auto with = [](const std::string& checksum) {
    std::string vectors;
    append_vector(vectors, Type::crc32c, checksum);
    return binary("\x21\x11", ends_v4 + vectors);
  };
  unsigned good = 0;
  EXPECT_EQ(why_of(with("\0\0\0\0"s)), Refusal::bad_checksum);
  const std::string zero = with("\0\0\0\0"s);
  std::uint32_t crc = ~0U;
  for (const char c : zero) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
  }
  crc = ~crc;
  const std::string right{static_cast<char>(crc >> 24U), static_cast<char>(crc >> 16U), static_cast<char>(crc >> 8U),
                          static_cast<char>(crc)};
  good += parse(with(right)).state == State::whole ? 1 : 0;
  EXPECT_EQ(good, 1U);
  EXPECT_EQ(why_of(with("abc")), Refusal::bad_vector);
  std::string twice;
  append_vector(twice, Type::crc32c, right);
  append_vector(twice, Type::crc32c, right);
  EXPECT_EQ(why_of(binary("\x21\x11", ends_v4 + twice)), Refusal::bad_vector);
}

TEST(ProxyProtocol, sender_may_say_that_it_spoke_tls) {
  const auto with = [](const std::string& ssl) {
    std::string vectors;
    append_vector(vectors, Type::ssl, ssl);
    return binary("\x21\x11", ends_v4 + vectors);
  };
  std::string version;
  append_vector(version, Type::ssl_version, "TLSv1.3");
  EXPECT_TRUE(says_tls(read(with("\x01\0\0\0\0"s + version))));
  EXPECT_FALSE(says_tls(read(with("\0\0\0\0\x01"s))));
  EXPECT_FALSE(says_tls(read(binary("\x21\x11", ends_v4))));
  EXPECT_EQ(why_of(with("\x01\0\0\0"s)), Refusal::bad_vector);
  EXPECT_EQ(why_of(with("\x01\0\0\0\0"s + version.substr(1))), Refusal::bad_vector);
}

Header speaking(Version version, End source, End destination) {
  return {
      .version = version, .speaks = Speaks::for_client, .source = source, .destination = destination, .vectors = {}};
}

TEST(ProxyProtocol, what_is_composed_reads_as_it_was_meant) {
  const End ends[] = {end("192.0.2.7", 1), end("2001:db8::7", 65535), end("10.0.0.1", 0), end("::1", 443)};
  for (const Version version : {Version::v1, Version::v2}) {
    for (const End& source : ends) {
      for (const End& destination : ends) {
        Header header = speaking(version, source, destination);
        if (version == Version::v2) append_vector(header.vectors, Type::alpn, "h2");
        EXPECT_EQ(read(compose(header)), header);
      }
    }
    EXPECT_EQ(read(compose({.version = version, .vectors = {}})).speaks, Speaks::for_nobody);
  }
  EXPECT_EQ(read(compose({.version = Version::v2, .speaks = Speaks::for_itself, .vectors = {}})).speaks,
            Speaks::for_itself);
}

TEST(ProxyProtocol, composed_bytes_are_those_of_the_specification) {
  EXPECT_EQ(compose(speaking(Version::v1, end("192.168.0.1", 56324), end("192.168.0.11", 443))),
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n");
  EXPECT_EQ(compose(speaking(Version::v1, end("192.0.2.1", 1), end("::1", 2))),
            "PROXY TCP6 ::ffff:c000:201 ::1 1 2\r\n");
  EXPECT_EQ(compose(speaking(Version::v2, end("192.168.0.1", 56324), end("192.168.0.11", 443))),
            binary("\x21\x11", ends_v4));
  EXPECT_EQ(compose({.version = Version::v1, .vectors = {}}), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(compose({.version = Version::v2, .speaks = Speaks::for_itself, .vectors = {}}), binary("\x20\x00"s, ""));
}

}  // namespace
}  // namespace weir::proxy_protocol
