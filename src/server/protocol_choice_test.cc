// Which protocol a connection speaks, from what was agreed on and from what comes first.
#include "server/protocol_choice.h"

#include <gtest/gtest.h>

#include "net/tls/facts.h"

namespace weir {
namespace {

TEST(ProtocolChoice, only_the_whole_preface_is_http2) {
  for (std::size_t count = 0; count < http2_preface.size(); ++count) {
    EXPECT_EQ(opening_of(http2_preface.substr(0, count)), Opening::undecided) << count;
    std::string other(http2_preface.substr(0, count + 1));
    other.back() ^= 1;
    EXPECT_EQ(opening_of(other), Opening::http1) << count;
  }
  EXPECT_EQ(opening_of(http2_preface), Opening::http2);
  EXPECT_EQ(opening_of(std::string(http2_preface) + "more"), Opening::http2);
}

TEST(ProtocolChoice, over_tls_what_was_agreed_on_is_spoken_whatever_comes) {
  tls::Facts agreed;
  agreed.protocol = "h2";
  EXPECT_EQ(settled({.tls = &agreed}), Opening::http2);
  agreed.protocol = "http/1.1";
  EXPECT_EQ(settled({.tls = &agreed}), Opening::http1);
  agreed.protocol.clear();  // a client that knows no ALPN
  EXPECT_EQ(settled({.tls = &agreed}), Opening::http1);
}

TEST(ProtocolChoice, without_tls_the_first_bytes_decide_unless_http2_is_off) {
  EXPECT_EQ(settled({}), std::nullopt);
  EXPECT_EQ(settled({.http2 = false}), Opening::http1);
}

}  // namespace
}  // namespace weir
