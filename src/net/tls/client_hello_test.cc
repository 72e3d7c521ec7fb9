// Hellos as OpenSSL makes them and as others might, cut anywhere into segments and records; and each way to be wrong.
#include "net/tls/client_hello.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "net/tls/client_context.h"

namespace weir::tls {
namespace {

using namespace std::string_literals;
using State = PeekedHello::State;

std::string number(std::size_t value, unsigned bytes) {
  std::string text;
  while (bytes > 0) text += static_cast<char>(value >> (8U * --bytes));
  return text;
}
std::string vector(unsigned length_bytes, const std::string& content) {
  return number(content.size(), length_bytes) + content;
}
std::string extension(unsigned type, const std::string& content) {
  return number(type, 2) + vector(2, content);
}
std::string server_name(const std::string& name, char type = 0) {
  return extension(0, vector(2, type + vector(2, name)));
}
std::string alpn(const std::string& protocols) {
  return extension(16, vector(2, protocols));
}

/// \param extensions  with their length, or nothing at all
std::string message(const std::string& extensions, const std::string& ciphers = "\x13\x01"s) {
  const std::string body =
      "\x03\x03"s + std::string(32, 'r') + vector(1, "session") + vector(2, ciphers) + vector(1, "\0"s) + extensions;
  return "\x01"s + vector(3, body);
}
std::string record(const std::string& fragment) {
  return "\x16\x03\x01"s + vector(2, fragment);
}
std::string hello(const std::string& extensions) {
  return record(message(vector(2, extensions)));
}

/// The hello, which is whole exactly when its last byte has come, whatever follows.
ClientHello read(const std::string& bytes) {
  for (std::size_t count = 0; count < bytes.size(); ++count) {
    EXPECT_EQ(peek(std::string_view(bytes).substr(0, count)).state, State::more) << count;
  }
  for (const std::string& behind : {""s, "\x14\x03\x03\x00\x01\x01"s, "anything"s}) {
    EXPECT_EQ(peek(bytes + behind).state, State::whole);
  }
  return peek(bytes).hello;
}

HelloRefusal why_of(const std::string& bytes) {
  const PeekedHello peeked = peek(bytes);
  EXPECT_EQ(peeked.state, State::refused);
  return peeked.why;
}

/// What OpenSSL says first.
std::string spoken_hello(const std::string& name, std::vector<std::string> protocols) {
  const auto context = ClientContext::make({.verify = false, .name = name, .protocols = std::move(protocols)});
  EXPECT_TRUE(context.has_value());
  Workbench bench;
  const std::unique_ptr<Engine> engine = (*context)->connect(bench, nullptr);
  EXPECT_TRUE(engine->shake({}).has_value());
  return engine->owed();
}

TEST(ClientHello, of_openssl_is_read_wherever_it_is_cut) {
  EXPECT_EQ(read(spoken_hello("shop.example.com", {"h2", "http/1.1"})),
            (ClientHello{.server_name = "shop.example.com", .protocols = {"h2", "http/1.1"}}));
  EXPECT_EQ(read(spoken_hello("a.test", {})), (ClientHello{.server_name = "a.test", .protocols = {}}));
}

TEST(ClientHello, means_the_same_in_records_of_any_size) {
  const std::string whole = message(vector(2, server_name("shop.test") + alpn(vector(1, "h2"))));
  const ClientHello expected{.server_name = "shop.test", .protocols = {"h2"}};
  for (const std::size_t size : {1U, 2U, 3U, 5U, 50U}) {
    std::string bytes;
    for (std::size_t at = 0; at < whole.size(); at += size) bytes += record(whole.substr(at, size));
    EXPECT_EQ(read(bytes), expected) << size;
  }
}

TEST(ClientHello, asks_for_no_name_when_it_has_no_such_extension) {
  EXPECT_EQ(read(hello("")), ClientHello{});
  EXPECT_EQ(read(record(message(""))), ClientHello{}) << "TLS 1.2 knows hellos without extensions";
  EXPECT_EQ(read(hello(extension(0x0A0A, "grease"))), ClientHello{});
}

TEST(ClientHello, name_is_lower_case_without_a_dot_at_its_end) {
  EXPECT_EQ(read(hello(server_name("Shop.EXAMPLE.com."))).server_name, "shop.example.com");
}

TEST(ClientHello, that_is_none_is_refused_at_its_first_wrong_byte) {
  EXPECT_EQ(why_of("G"), HelloRefusal::not_tls);
  EXPECT_EQ(why_of("\x16G"), HelloRefusal::not_tls);
  EXPECT_EQ(why_of("\x80\x2E\x01\x03\x01"), HelloRefusal::not_tls) << "SSL 2";
  EXPECT_EQ(why_of(record("\x02")), HelloRefusal::not_hello);
  EXPECT_EQ(why_of(record("")), HelloRefusal::malformed) << "an empty record";
  EXPECT_EQ(why_of("\x16\x03\x01\x40\x01"s), HelloRefusal::malformed) << "a record is at most 16 KiB";
  EXPECT_EQ(why_of(record("\x01") + "\x17\x03\x03"s), HelloRefusal::malformed) << "another record in its middle";
}

TEST(ClientHello, names_that_two_readers_might_read_as_two_are_refused) {
  EXPECT_EQ(why_of(hello(server_name("a.test") + server_name("b.test"))), HelloRefusal::bad_name);
  EXPECT_EQ(why_of(hello(extension(0, vector(2, "\0"s + vector(2, "a.test") + "\0"s + vector(2, "b.test"))))),
            HelloRefusal::bad_name);
  EXPECT_EQ(why_of(hello(server_name("a.test", 1))), HelloRefusal::bad_name) << "another kind of name";
  for (const std::string& name : {""s, "."s, "a..b"s, ".a"s, "a b"s, "a\0b"s, "a/b"s, "[::1]"s, "ä.test"s,
                                  std::string(64, 'a'), std::string(252, 'a') + ".b"}) {
    EXPECT_EQ(why_of(hello(server_name(name))), HelloRefusal::bad_name) << name;
  }
}

TEST(ClientHello, lengths_that_do_not_fit_are_refused) {
  EXPECT_EQ(why_of(record(message("x"))), HelloRefusal::malformed);
  EXPECT_EQ(why_of(record(message(vector(2, "") + "x"))), HelloRefusal::malformed) << "behind the extensions";
  EXPECT_EQ(why_of(hello("\0\0\0"s)), HelloRefusal::malformed);
  EXPECT_EQ(why_of(hello("\0\0\0\x05xx"s)), HelloRefusal::malformed);
  EXPECT_EQ(why_of(hello(extension(0, vector(2, "")))), HelloRefusal::malformed) << "a list without names";
  EXPECT_EQ(why_of(hello(extension(0, vector(2, "\0"s + vector(2, "a")) + "x"))), HelloRefusal::malformed);
  EXPECT_EQ(why_of(hello(alpn(vector(1, "")))), HelloRefusal::malformed);
  EXPECT_EQ(why_of(hello(alpn(vector(1, "a")) + alpn(vector(1, "a")))), HelloRefusal::malformed);
  EXPECT_EQ(why_of(record(message("", ""))), HelloRefusal::malformed) << "no cipher";
  EXPECT_EQ(why_of(record("\x01"s + vector(3, "short"))), HelloRefusal::malformed);
}

TEST(ClientHello, that_is_too_long_is_refused_when_it_says_so_or_when_its_records_do) {
  EXPECT_EQ(why_of(record("\x01"s + number(limits::client_hello_bytes, 3))), HelloRefusal::too_long);
  const std::string whole = message(vector(2, extension(0x0A0A, std::string(limits::client_hello_bytes / 2, 'x'))));
  EXPECT_EQ(read(record(whole)), ClientHello{});
  std::string bytes;
  for (const char byte : whole) bytes += record({byte});
  EXPECT_EQ(peek(std::string_view(bytes).substr(0, limits::client_hello_bytes - 1)).state, State::more);
  EXPECT_EQ(why_of(bytes.substr(0, limits::client_hello_bytes)), HelloRefusal::too_long);
  EXPECT_EQ(why_of(bytes), HelloRefusal::too_long);
}

}  // namespace
}  // namespace weir::tls
